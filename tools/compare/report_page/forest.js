// Forest plots: ratios with their intervals, one below the other.
'use strict';

// `rows`: {title, ratio: {median, interval, count}, figures: texts of the columns before the ratio, class}. `columns`: titles of
// those.
husk.forest = (section, rows, { columns = [], axisTitle, label, caption }) => {
  if (!rows.length) return;
  const width = 1000, kCharacter = 6.8;
  const left = Math.max(150, Math.min(420, d3.max(rows, (row) => row.title.length) * kCharacter + 20)), plot = 570 - left, rowHeight = 24, top = 30, bottom = 44;
  const height = top + rows.length * rowHeight + bottom;
  const svg = husk.figure(section, width, height, label, caption);
  const ends = rows.flatMap((row) => [row.ratio.median, ...(row.ratio.interval || [])]).filter((value) => value > 0);
  const x = d3.scaleLog().domain([Math.min(0.8, d3.min(ends) / 1.1), Math.max(1.25, d3.max(ends) * 1.1)]).range([left, left + plot]);
  const ticks = husk.logTicks(x, Math.min(8, Math.floor(plot / 45)));
  const base = height - bottom;
  svg.append('g').attr('class', 'grid').attr('transform', `translate(0,${base})`).call(d3.axisBottom(x).tickValues(ticks).tickSize(-(base - top + 6)).tickFormat(''));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${base})`).call(d3.axisBottom(x).tickValues(ticks).tickFormat((value) => `${+value.toPrecision(2)}×`));
  svg.append('line').attr('x1', x(1)).attr('x2', x(1)).attr('y1', top - 6).attr('y2', base).attr('stroke', 'var(--soft)').attr('stroke-width', 1.5);
  svg.append('text').attr('class', 'soft').attr('x', left + plot / 2).attr('y', height - 6).attr('text-anchor', 'middle').text(axisTitle);
  const begin = left + plot + 20, step = 85, ratioAt = begin + step * columns.length, cell = (at, y, text, name) => svg.append('text').attr('class', name || null).attr('x', at).attr('y', y).text(text);
  columns.forEach((title, index) => cell(begin + step * index, 14, title, 'soft'));
  cell(ratioAt, 14, 'ratio', 'soft');
  cell(ratioAt + 66, 14, '95 %', 'soft');
  cell(width - 44, 14, 'n', 'soft');
  rows.forEach((row, index) => {
    const y = top + index * rowHeight + 8, style = row.style || { colour: 'var(--accent)' };
    svg.append('text').attr('x', left - 12).attr('y', y + 4).attr('text-anchor', 'end').attr('font-size', row.title.length * kCharacter + 20 > left ? 11 : null).attr('font-weight', row.isStrong ? 700 : 400).text(row.title);
    if (row.ratio.interval) husk.whisker(svg, [x(row.ratio.interval[0]), y], [x(row.ratio.interval[1]), y], `${row.title}: 95 % interval ${husk.intervalText(row.ratio.interval, husk.significant)}`);
    svg.append('circle').attr('class', 'ratio').attr('cx', x(row.ratio.median)).attr('cy', y).attr('r', 4.5).attr('stroke', style.colour).attr('stroke-width', 2).attr('fill', husk.isFew(row.ratio.count) ? 'var(--paper)' : style.colour);
    (row.figures || []).forEach((text, at) => cell(begin + step * at, y + 4, text));
    cell(ratioAt, y + 4, husk.significant(row.ratio.median) + '×').attr('font-weight', 600);
    cell(ratioAt + 66, y + 4, husk.intervalText(row.ratio.interval, husk.significant), 'soft');
    cell(width - 44, y + 4, String(row.ratio.count), 'soft');
  });
};
