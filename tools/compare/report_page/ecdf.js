// Distribution of start-up times.
'use strict';

// Empirical distribution: the part of the runs that took at most so long.
husk.ecdf = (section, documents, id, caption) => {
  const width = 1000, left = 48, right = 24, bottom = 46;
  const curves = [];
  documents.forEach((data, index) => {
    for (const runner of husk.measured(data, id)) {
      const values = runner.samples[id].value.slice().sort(d3.ascending).map((value) => value / kMilli).filter((value) => value > 0);
      const interval = runner.summary[id].interval;
      if (values.length) curves.push({ name: runner.name + (documents.length > 1 ? ' ' + 'AB'[index] : ''), runner: runner.name, second: index === 1, values, interval: interval && interval.map((value) => value / kMilli) });
    }
  });
  if (!curves.length) return;
  const least = d3.min(curves, (curve) => curve.values[0]), most = d3.max(curves, (curve) => curve.values[curve.values.length - 1]);
  const x = d3.scaleLog().domain([least / 1.15, most * 1.15]).range([left, width - right]);
  // Each curve's name stands above its median; names that would meet go to a row further up.
  const rows = [];
  const labels = curves.map((curve) => ({ curve, median: x(d3.quantile(curve.values, 0.5)) })).sort((a, b) => a.median - b.median);
  for (const label of labels) {
    const half = label.curve.name.length * 3.6 + 6;
    label.x = Math.max(half, Math.min(width - half, label.median));
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
    if (curve.interval) {
      svg.append('line').attr('class', 'whisker').attr('x1', x(curve.interval[0])).attr('x2', x(curve.interval[1])).attr('y1', y(0.5)).attr('y2', y(0.5))
        .attr('stroke', style.colour).attr('stroke-width', 7).attr('stroke-opacity', 0.35)
        .append('title').text(`${curve.name}: median, 95 % interval ${husk.intervalText(curve.interval, husk.significant)} ms`);
    }
  }
  for (const { curve, row, x: middle, median } of labels) {
    const style = husk.style(curve.runner), at = top - 8 - 16 * row;
    svg.append('line').attr('x1', middle).attr('x2', median).attr('y1', at + 3).attr('y2', top).attr('stroke', style.colour).attr('stroke-opacity', 0.5);
    svg.append('text').attr('class', 'label').attr('x', middle).attr('y', at).attr('text-anchor', 'middle').style('fill', style.colour)
      .attr('font-weight', curve.runner === 'vm' ? 700 : 500).text(curve.name);
  }
};
