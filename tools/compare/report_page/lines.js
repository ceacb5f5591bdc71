// Lines over a parameter: memory and rate of many instances, start against image size.
'use strict';

// The points of a metric with a parameter, id@1, id@2, ..., in the order of the numbers.
husk.points = (runner, id, divisor) => Object.keys(runner.summary).filter((key) => key.startsWith(id + '@')).map((key) => {
  const summary = runner.summary[key];
  return { n: Number(key.split('@')[1]), value: summary.median / divisor, interval: summary.interval && summary.interval.map((value) => value / divisor), count: summary.count };
}).sort((a, b) => a.n - b.n);

// `ids`: a list of [metric id, what to write behind the runner's name, is it drawn faint]. Both axes can be logarithmic.
husk.lines = (section, data, ids, { divisor, unit, xTitle, yTitle, caption, isLog }) => {
  const width = 1000, left = 60, top = 16, bottom = 46;
  const lines = data.runners.flatMap((runner) => ids.map(([id, suffix, isFaint]) => (
    { name: runner.name + suffix, runner: runner.name, isFaint, points: husk.points(runner, id, divisor).filter((point) => !isLog || point.value > 0) }))).filter((line) => line.points.length);
  if (!lines.length) return;
  const right = Math.max(170, d3.max(lines, (line) => line.name.length) * 6.8 + 20);
  const height = Math.max(340, top + bottom + 15 * lines.length);
  const svg = husk.figure(section, width, height, yTitle, caption);
  const counts = Array.from(new Set(lines.flatMap((line) => line.points.map((point) => point.n)))).sort(d3.ascending);
  const lowest = d3.min(lines, (line) => d3.min(line.points, (point) => (point.interval ? point.interval[0] : point.value)));
  const highest = d3.max(lines, (line) => d3.max(line.points, (point) => (point.interval ? point.interval[1] : point.value))) || 1;
  const x = d3.scaleLog().base(2).domain(counts.length > 1 ? d3.extent(counts) : [counts[0] / 2, counts[0] * 2]).range([left, width - right]);
  const y = isLog ? d3.scaleLog().domain([Math.max(lowest, highest / 1e6) / 1.2, highest * 1.2]).range([height - bottom, top])
    : d3.scaleLinear().domain([Math.min(0, lowest), highest]).nice().range([height - bottom, top]);
  const ticks = isLog ? husk.logTicks(y, 10) : y.ticks(5);
  svg.append('g').attr('class', 'grid').attr('transform', `translate(${left},0)`).call(d3.axisLeft(y).tickValues(ticks).tickSize(-(width - left - right)).tickFormat(''));
  // Counts that lie close to one another: not each can have its number.
  const shown = counts.filter((count, index) => index === counts.length - 1 || (x(counts[counts.length - 1]) - x(count) > 34 && (index === 0 || x(count) - x(counts[index - 1]) > 34)));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`).call(d3.axisBottom(x).tickValues(shown).tickFormat((count) => count.toLocaleString('en')));
  svg.append('g').attr('class', 'axis').attr('transform', `translate(${left},0)`).call(d3.axisLeft(y).tickValues(ticks).tickFormat((value) => `${+value.toPrecision(3)}`));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 8).attr('text-anchor', 'middle').text(`${xTitle} (logarithmic); upwards: ${yTitle}${isLog && !yTitle.includes('logarithmic') ? ' (logarithmic)' : ''}`);
  const labels = [];
  for (const line of lines) {
    const style = husk.style(line.runner), last = line.points[line.points.length - 1];
    const group = svg.append('g').attr('opacity', line.isFaint ? 0.6 : 1);
    group.append('path').attr('class', 'line').attr('fill', 'none').attr('stroke', style.colour).attr('stroke-width', style.width)
      .attr('stroke-dasharray', line.isFaint ? '1 3' : style.dash).attr('d', d3.line().x((point) => x(point.n)).y((point) => y(point.value))(line.points));
    for (const point of line.points) {
      const text = `${line.name}, ${point.n}: ${husk.significant(point.value)} ${unit}, ${husk.countText(point.count)}` + (point.interval ? `, 95 %: ${husk.intervalText(point.interval, husk.significant)}` : '');
      if (point.interval) husk.whisker(group, [x(point.n), y(point.interval[0])], [x(point.n), y(point.interval[1])]).attr('stroke', style.colour);
      // What has too few samples for an interval is hollow.
      group.append('circle').attr('r', 3.5).attr('cx', x(point.n)).attr('cy', y(point.value)).attr('stroke', style.colour).attr('fill', husk.isFew(point.count) ? 'var(--paper)' : style.colour).append('title').text(text);
    }
    labels.push({ name: line.name, y: y(last.value), colour: style.colour });
  }
  for (const label of husk.spread(labels, 14, top, height - bottom)) {
    svg.append('text').attr('x', width - right + 10).attr('y', label.y + 4).style('fill', label.colour).text(label.name);
  }
};
