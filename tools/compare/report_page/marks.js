// What the drawings share.
'use strict';

// Labels that would lie on one another move apart, in the order in which they stand.
husk.spread = (labels, gap, least, most) => {
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; ++i) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + gap);
  const over = labels.length ? labels[labels.length - 1].y - most : 0;
  if (over > 0) {
    labels[labels.length - 1].y = most;
    for (let i = labels.length - 2; i >= 0; --i) labels[i].y = Math.min(labels[i].y, labels[i + 1].y - gap);
  }
  return labels;
};

const kMilli = 1e6;

// A 95 % interval from one point to another, with a bar at each end.
husk.whisker = (svg, from, to, title) => {
  const isFlat = from[1] === to[1], half = 4;
  const cap = ([x, y]) => (isFlat ? `M${x},${y - half}V${y + half}` : `M${x - half},${y}H${x + half}`);
  const path = svg.append('path').attr('class', 'whisker').attr('d', `M${from}L${to}${cap(from)}${cap(to)}`).attr('fill', 'none').attr('stroke', 'var(--ink)').attr('stroke-width', 1.3);
  if (title) path.append('title').text(title);
  return path;
};

// Ticks of a logarithmic axis: 1, 2 and 5 of each power of ten, or those of `wanted`, where they are too many.
husk.logTicks = (scale, most = 14) => {
  const ticks = (digits) => scale.ticks(8).filter((tick) => digits.includes(Number(tick.toExponential().split('e')[0])));
  return [[1, 2, 5], [1, 3], [1]].map(ticks).find((some) => some.length <= most) || ticks([1]);
};
