// The charts: distribution of start-up times, phases of a start, memory of one instance, memory and rate of many.
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

// Empirical distribution: the part of the runs that took at most so long.
husk.ecdf = (section, documents, id, caption) => {
  const width = 1000, left = 48, right = 24, bottom = 46;
  const curves = [];
  documents.forEach((data, index) => {
    for (const runner of husk.measured(data, id)) {
      const values = runner.samples[id].value.slice().sort(d3.ascending).map((value) => value / kMilli).filter((value) => value > 0);
      if (values.length) curves.push({ name: runner.name + (documents.length > 1 ? ' ' + 'AB'[index] : ''), runner: runner.name, second: index === 1, values });
    }
  });
  if (!curves.length) return;
  const least = d3.min(curves, (curve) => curve.values[0]), most = d3.max(curves, (curve) => curve.values[curve.values.length - 1]);
  const x = d3.scaleLog().domain([least / 1.15, most * 1.15]).range([left, width - right]);
  // Each curve's name stands above its median; names that would meet go to a row further up.
  const rows = [];
  const labels = curves.map((curve) => ({ curve, x: x(d3.quantile(curve.values, 0.5)) })).sort((a, b) => a.x - b.x);
  for (const label of labels) {
    const half = label.curve.name.length * 3.6 + 6;
    label.row = rows.findIndex((end) => end <= label.x - half);
    if (label.row < 0) label.row = rows.push(0) - 1;
    rows[label.row] = label.x + half;
  }
  const top = 14 + 16 * rows.length, height = top + 350 + bottom;
  const svg = husk.figure(section, width, height, 'Distribution of start-up times by runner', caption);
  const y = d3.scaleLinear().domain([0, 1]).range([height - bottom, top]);
  const ticks = x.ticks(8).filter((tick) => [1, 2, 5].includes(Number(tick.toExponential()[0])));
  svg.append('g').attr('class', 'grid').attr('transform', `translate(0,${height - bottom})`)
    .call(d3.axisBottom(x).tickValues(ticks).tickSize(-(height - bottom - top)).tickFormat(''));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`)
    .call(d3.axisBottom(x).tickValues(ticks).tickFormat((value) => `${+value.toPrecision(2)}`));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(${left},0)`).call(d3.axisLeft(y).ticks(4, '%'));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 8).attr('text-anchor', 'middle').text('start to exit, ms (logarithmic)');
  for (const curve of curves) {
    const style = husk.style(curve.runner);
    const steps = [[curve.values[0], 0], ...curve.values.map((value, index) => [value, (index + 1) / curve.values.length])];
    svg.append('path').attr('class', 'ecdf').attr('data-runner', curve.name).attr('fill', 'none')
      .attr('stroke', style.colour).attr('stroke-width', style.width).attr('stroke-opacity', curve.second ? 0.55 : 1)
      .attr('stroke-dasharray', curve.second ? '1 3' : style.dash)
      .attr('d', d3.line().curve(d3.curveStepAfter).x((step) => x(step[0])).y((step) => y(step[1]))(steps));
  }
  for (const { curve, row, x: middle } of labels) {
    const style = husk.style(curve.runner), at = top - 8 - 16 * row;
    svg.append('line').attr('x1', middle).attr('x2', middle).attr('y1', at + 3).attr('y2', top).attr('stroke', style.colour).attr('stroke-opacity', 0.5);
    svg.append('text').attr('class', 'label').attr('x', middle).attr('y', at).attr('text-anchor', 'middle').style('fill', style.colour)
      .attr('font-weight', curve.runner === 'vm' ? 700 : 500).text(curve.name);
  }
};

// Horizontal bars of stacked parts: rows of {name, parts: [{title, value, colour, pattern}]}.
husk.stacked = (section, rows, show, axisTitle, label, caption) => {
  const width = 1000, rowHeight = 34, left = 110, right = 120, top = 34, bottom = 44;
  const height = top + rows.length * rowHeight + bottom;
  const svg = husk.figure(section, width, height, label, caption);
  const total = (row) => d3.sum(row.parts, (part) => part.value);
  const x = d3.scaleLinear().domain([0, d3.max(rows, total) || 1]).nice().range([left, width - right]);
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`).call(d3.axisBottom(x).ticks(8));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 6).attr('text-anchor', 'middle').text(axisTitle);
  const legend = [];
  rows.forEach((row, index) => {
    const y = top + index * rowHeight;
    svg.append('text').attr('x', left - 10).attr('y', y + 19).attr('text-anchor', 'end').attr('font-weight', row.name === 'vm' ? 700 : 400).text(row.name);
    let begin = 0;
    for (const part of row.parts) {
      svg.append('rect').attr('class', 'bar').attr('x', x(begin)).attr('y', y + 4).attr('width', Math.max(0, x(begin + part.value) - x(begin))).attr('height', rowHeight - 12)
        .attr('fill', part.colour).attr('stroke', 'var(--paper)').attr('stroke-width', 1).append('title').text(`${row.name}, ${part.title}: ${show(part.value)}`);
      begin += part.value;
      if (!legend.some((entry) => entry.title === part.title)) legend.push(part);
    }
    svg.append('text').attr('x', x(begin) + 8).attr('y', y + 19).text(show(begin));
  });
  legend.sort((a, b) => (a.order || 0) - (b.order || 0));
  let at = left;
  for (const entry of legend) {
    svg.append('rect').attr('x', at).attr('y', 8).attr('width', 12).attr('height', 12).attr('fill', entry.colour);
    svg.append('text').attr('x', at + 17).attr('y', 18).text(entry.title);
    at += 34 + entry.title.length * 7;
  }
};

// A line for each runner over a parameter of its metric: id@1, id@2, id@4, ...
husk.lines = (section, data, id, divisor, xTitle, yTitle, caption) => {
  const width = 1000, height = 340, left = 60, right = 120, top = 16, bottom = 46;
  const lines = [];
  for (const runner of data.runners) {
    const points = Object.keys(runner.summary).filter((key) => key.startsWith(id + '@'))
      .map((key) => ({ n: Number(key.split('@')[1]), value: runner.summary[key].median / divisor })).sort((a, b) => a.n - b.n);
    if (points.length) lines.push({ name: runner.name, points });
  }
  if (!lines.length) return;
  const svg = husk.figure(section, width, height, yTitle, caption);
  const counts = Array.from(new Set(lines.flatMap((line) => line.points.map((point) => point.n)))).sort(d3.ascending);
  const x = d3.scaleLog().base(2).domain([counts[0], counts[counts.length - 1]]).range([left, width - right]);
  const y = d3.scaleLinear().domain([0, d3.max(lines, (line) => d3.max(line.points, (point) => point.value)) || 1]).nice().range([height - bottom, top]);
  svg.append('g').attr('class', 'grid').attr('transform', `translate(${left},0)`).call(d3.axisLeft(y).ticks(5).tickSize(-(width - left - right)).tickFormat(''));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`).call(d3.axisBottom(x).tickValues(counts).tickFormat(d3.format('d')));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(${left},0)`).call(d3.axisLeft(y).ticks(5));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 8).attr('text-anchor', 'middle').text(xTitle);
  const labels = [];
  for (const line of lines) {
    const style = husk.style(line.name);
    svg.append('path').attr('class', 'line').attr('fill', 'none').attr('stroke', style.colour).attr('stroke-width', style.width).attr('stroke-dasharray', style.dash)
      .attr('d', d3.line().x((point) => x(point.n)).y((point) => y(point.value))(line.points));
    svg.append('g').selectAll('circle').data(line.points).enter().append('circle').attr('r', 3.5).attr('fill', style.colour).attr('cx', (point) => x(point.n)).attr('cy', (point) => y(point.value));
    labels.push({ name: line.name, y: y(line.points[line.points.length - 1].value), colour: style.colour });
  }
  for (const label of husk.spread(labels, 14, top, height - bottom)) {
    svg.append('text').attr('x', width - right + 10).attr('y', label.y + 4).style('fill', label.colour).text(label.name);
  }
};
