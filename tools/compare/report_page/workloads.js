// The workloads as ratios to a plain process, in one heat map. It is a table, so that its figures can be read, copied and printed.
'use strict';

const kStrongest = 3;  // doublings at which a colour is full

// Blue below 1, orange above, on whatever the page's background is.
husk.heat = (ratio) => {
  const doublings = Math.max(-kStrongest, Math.min(kStrongest, Math.log2(ratio)));
  const part = 0.62 * Math.abs(doublings) / kStrongest;
  return `background-color: rgba(${doublings > 0 ? '213,94,0' : '0,114,178'},${part.toFixed(3)})`;
};

husk.heatCell = (data, runner, id, reference, notes) => {
  const note = runner.status !== 'measured' && !runner.summary[id] ? runner.note : runner.notes[id];
  const ratio = runner.name === reference ? undefined : husk.ratio(runner, id, reference);
  const absolute = runner.summary[id] && husk.cell(data, runner, id);
  const process = data.runners.find((one) => one.name === reference);
  // Where the reference has no figure, a time says more than nothing.
  if (!ratio && !(absolute && !(process && runner.name !== reference && process.summary[id]))) {
    if (!note) return { text: '–', class: 'empty' };
    if (!notes.includes(note)) notes.push(note);
    return { text: `${note.split(':')[0].slice(0, 24)} [${notes.indexOf(note) + 1}]`, class: 'empty', title: note };
  }
  if (!ratio) return { ...absolute, class: 'heat' };
  return { text: husk.significant(ratio.median) + '×', interval: husk.intervalText(ratio.interval, husk.significant), count: ratio.count, class: 'heat', style: husk.heat(ratio.median), title: `${runner.name}: ${absolute.text}` };
};

husk.workloads = (data) => {
  const tried = (id) => data.runners.some((runner) => runner.summary[id] || runner.notes[id]);
  const all = data.metrics.filter((metric) => metric.group === 'workloads' && tried(metric.id));
  if (!all.length) return;
  // What no runner has a figure of is said below, with all reasons that there are.
  const hasFigure = (metric) => data.runners.some((runner) => runner.summary[metric.id]);
  const metrics = all.filter(hasFigure), without = all.filter((metric) => !hasFigure(metric));
  const process = data.runners.find((runner) => runner.name === 'process' && metrics.some((metric) => runner.summary[metric.id]));
  const reference = process ? 'process' : '';
  const section = husk.section('workloads', 'Workloads', reference
    ? 'From start to exit of a payload that does something, as ratios to the same in a plain process (whose column has times): blue is faster, orange slower. The start alone is the first row.'
    : 'From start to exit of a payload that does something.');
  const reasonsOf = (metric) => Array.from(new Set(data.runners.map((runner) => runner.notes[metric.id]).filter((note) => note))).join('; ');
  const missing = () => { if (without.length) section.append(husk.element('p', { class: 'soft' }, 'Of no runner:'), husk.element('ul', { class: 'notes' }, ...without.map((metric) => husk.element('li', {}, `${metric.title}: ${reasonsOf(metric)}`)))); };
  if (!metrics.length) return missing();
  const rows = [data.metrics.find((metric) => metric.id === 'start_ns'), ...metrics].filter((metric) => tried(metric.id));
  const runners = data.runners.filter((runner) => husk.isSubject(runner) && (runner.name === reference || rows.some((metric) => runner.summary[metric.id] || runner.notes[metric.id])));
  const notes = [];
  husk.table(section, ['', ...runners.map((runner) => runner.name)],
    rows.map((metric) => ({ title: metric.title, cells: runners.map((runner) => husk.heatCell(data, runner, metric.id, reference, notes)) })), { class: 'heat-map' });
  section.append(husk.element('p', { class: 'soft' }, 'Medians of ratios pair by pair, 95 % intervals, n pairs. Every run starts from a root of its own.'));
  if (notes.length) section.append(husk.element('ol', { class: 'notes' }, ...notes.map((note) => husk.element('li', {}, note))));
  missing();
};
