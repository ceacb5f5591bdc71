// The runs in the order in which they were made, a panel for each runner: drift, steps and outliers of the machine.
'use strict';

const kQuarters = 4;

// The medians of the slices in which start-up was measured (`begins`: the first round of each), or, of a file that does not
// tell them, of four quarters of the runs.
husk.quarters = (rounds, values, begins) => {
  const starts = begins && begins.length ? begins.map((begin) => rounds.findIndex((round) => round >= begin)).map((at) => (at < 0 ? values.length : at))
    : d3.range(kQuarters).map((quarter) => Math.floor(values.length * quarter / kQuarters));
  return starts.map((begin, index) => {
    const end = index + 1 < starts.length ? starts[index + 1] : values.length;
    return { begin, end, median: d3.median(values.slice(begin, end)) };
  }).filter((quarter) => quarter.end > quarter.begin);
};

// What the statistics say about the slices: by how much they differ, and how probable that is without drift.
husk.driftText = (runner, id) => {
  const drift = runner.drift && runner.drift[id];
  return drift ? `spread ${husk.significant(100 * drift.spread)} %, p ${drift.batch_probability < 0.001 ? '< 0.001' : husk.significant(drift.batch_probability)}` : '';
};

husk.sequence = (section, data, id, caption) => {
  const begins = data.slices && data.slices[id];
  const runners = husk.measured(data, id).map((runner) => ({ name: runner.name, drift: husk.driftText(runner, id), rounds: runner.samples[id].round, values: runner.samples[id].value.map((value) => value / kMilli) }))
    .filter((runner) => runner.values.length > 1 && runner.values.every((value) => value > 0));
  if (!runners.length) return;
  const width = 1000, left = 130, right = 250, panel = 62, gap = 8, top = 8, bottom = 44;
  const height = top + runners.length * panel + bottom;
  const svg = husk.figure(section, width, height, 'Start-up times in the order of the runs', caption);
  const x = d3.scaleLinear().domain([0, d3.max(runners, (runner) => runner.rounds[runner.rounds.length - 1]) || 1]).range([left, width - right]);
  svg.append('g').attr('class', 'axis').attr('transform', `translate(0,${height - bottom})`).call(d3.axisBottom(x).tickValues(x.ticks(8).filter(Number.isInteger)).tickFormat(d3.format('d')));
  svg.append('text').attr('class', 'soft').attr('x', (left + width - right) / 2).attr('y', height - 6).attr('text-anchor', 'middle').text('round; upwards: ms, logarithmic, each panel from its least to its most');
  svg.append('text').attr('class', 'soft').attr('x', width - right + 12).attr('y', height - bottom + 18).text(begins ? 'medians of slices, ms' : 'medians of quarters, ms');
  runners.forEach((runner, index) => {
    const style = husk.style(runner.name), begin = top + index * panel;
    const y = d3.scaleLog().domain([d3.min(runner.values) / 1.02, d3.max(runner.values) * 1.02]).range([begin + panel - gap, begin]);
    svg.append('rect').attr('x', left).attr('y', begin).attr('width', width - left - right).attr('height', panel - gap).attr('fill', 'var(--panel)');
    svg.append('text').attr('x', left - 10).attr('y', begin + 22).attr('text-anchor', 'end').attr('font-weight', runner.name === 'vm' ? 700 : 400).text(runner.name);
    svg.append('text').attr('class', 'soft').attr('x', left - 10).attr('y', begin + 38).attr('text-anchor', 'end').text(husk.countText(runner.values.length));
    // One path for all points of a panel: thousands of elements would make the page slow.
    svg.append('path').attr('class', 'runs').attr('data-runner', runner.name).attr('fill', 'none').attr('stroke', style.colour).attr('stroke-width', runner.values.length < 60 ? 6 : 2.4).attr('stroke-linecap', 'round').attr('stroke-opacity', 0.65)
      .attr('d', runner.values.map((value, at) => `M${x(runner.rounds[at]).toFixed(1)},${y(value).toFixed(1)}h0`).join(''));
    const quarters = husk.quarters(runner.rounds, runner.values, begins);
    for (const quarter of quarters) {
      svg.append('line').attr('class', 'quarter').attr('x1', x(runner.rounds[quarter.begin])).attr('x2', x(runner.rounds[quarter.end - 1])).attr('y1', y(quarter.median)).attr('y2', y(quarter.median)).attr('stroke', 'var(--ink)').attr('stroke-width', 2);
    }
    svg.append('text').attr('x', width - right + 12).attr('y', begin + 22).text(quarters.map((quarter) => husk.significant(quarter.median)).join(' / '));
    svg.append('text').attr('class', 'soft').attr('x', width - right + 12).attr('y', begin + 38).text(runner.drift || `${husk.significant(d3.min(runner.values))} to ${husk.significant(d3.max(runner.values))} ms`);
  });
};
