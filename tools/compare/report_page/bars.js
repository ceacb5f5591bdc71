// Bars: phases of a start, memory of one instance.
'use strict';

// Horizontal bars of stacked parts: rows of {name, count, parts: [{title, value, interval, colour, order}]}.
husk.stacked = (section, rows, show, axisTitle, label, caption) => {
  const width = 1000, rowHeight = 34, left = 130, right = 160, top = 34, bottom = 44;
  const height = top + rows.length * rowHeight + bottom;
  const svg = husk.figure(section, width, height, label, caption);
  const total = (row) => d3.sum(row.parts, (part) => part.value);
  const highest = (row) => total(row) + d3.max(row.parts, (part) => (part.interval ? part.interval[1] - part.value : 0));
  const x = d3.scaleLinear().domain([0, d3.max(rows, highest) || 1]).nice().range([left, width - right]);
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`).call(d3.axisBottom(x).ticks(8));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 6).attr('text-anchor', 'middle').text(axisTitle);
  const legend = [];
  rows.forEach((row, index) => {
    const y = top + index * rowHeight;
    svg.append('text').attr('x', left - 10).attr('y', y + 19).attr('text-anchor', 'end').attr('font-weight', row.name === 'vm' ? 700 : 400).text(row.name);
    let begin = 0;
    const whiskers = [];
    for (const part of row.parts) {
      svg.append('rect').attr('class', 'bar').attr('x', x(begin)).attr('y', y + 4).attr('width', Math.max(0, x(begin + part.value) - x(begin))).attr('height', rowHeight - 12)
        .attr('fill', part.colour).attr('stroke', 'var(--paper)').attr('stroke-width', 1).append('title').text(`${row.name}, ${part.title}: ${show(part.value)}`);
      if (part.interval) whiskers.push({ low: begin + part.interval[0], high: begin + part.interval[1], y: y + rowHeight / 2 - 2, title: `${row.name}, ${part.title}: 95 % interval ${husk.intervalText(part.interval, show)}` });
      begin += part.value;
      if (!legend.some((entry) => entry.title === part.title)) legend.push(part);
    }
    const end = d3.max([begin, ...whiskers.map((whisker) => whisker.high)]);
    svg.append('text').attr('x', x(end) + 8).attr('y', y + 19).text(show(begin)).append('tspan').attr('class', 'soft').text(row.count ? `  ${husk.countText(row.count)}` : '');
    for (const whisker of whiskers) husk.whisker(svg, [x(whisker.low), whisker.y], [x(whisker.high), whisker.y], whisker.title);
  });
  legend.sort((a, b) => (a.order || 0) - (b.order || 0));
  let at = left;
  for (const entry of legend) {
    svg.append('rect').attr('x', at).attr('y', 8).attr('width', 12).attr('height', 12).attr('fill', entry.colour);
    svg.append('text').attr('x', at + 17).attr('y', 18).text(entry.title);
    at += 34 + entry.title.length * 7;
  }
};
