// What all charts and tables of the page share: numbers as text, colours, elements.
'use strict';
const husk = {};

// Names in the data are anybody's: an object without a prototype has no member 'constructor' that nobody gave it.
husk.parse = (text) => JSON.parse(text, (key, value) => (
  value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.assign(Object.create(null), value) : value));

// Okabe and Ito's colours, which most colour-blind readers can tell apart; dashes and labels say the same again.
husk.styles = Object.assign(Object.create(null), {
  'vm': { colour: '#0072b2', dash: '', width: 3 },
  'vm-jailed': { colour: '#0072b2', dash: '6 2', width: 2 },
  'vm-ring0': { colour: '#0072b2', dash: '2 3', width: 2 },
  'namespace': { colour: '#d55e00', dash: '', width: 2 },
  'process': { colour: '#e69f00', dash: '6 2', width: 2 },
  'runc': { colour: '#009e73', dash: '', width: 2 },
  'crun': { colour: '#009e73', dash: '6 2', width: 2 },
  'podman': { colour: '#009e73', dash: '2 3', width: 2 },
  'bwrap': { colour: '#cc79a7', dash: '', width: 2 },
  'qemu': { colour: '#56b4e9', dash: '', width: 2 },
  'wasm': { colour: '#b5a900', dash: '8 3 2 3', width: 2 },
});
husk.style = (name) => husk.styles[name] || { colour: '#888888', dash: '4 3', width: 1.5 };

husk.significant = (value) => {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -6 || magnitude > 15) return value.toExponential(2);
  return value.toFixed(Math.min(6, Math.max(0, 2 - magnitude)));
};

const kScales = {
  'ns': [[1, 'ns'], [1e3, 'µs'], [1e6, 'ms'], [1e9, 's']],
  'bytes': [[1, 'B'], [1024, 'KiB'], [1048576, 'MiB'], [1073741824, 'GiB']],
  'bytes/s': [[1, 'B/s'], [1e3, 'kB/s'], [1e6, 'MB/s'], [1e9, 'GB/s']],
  '1/s': [[1, '/s']],
};
husk.withUnit = (value, unit) => {
  const scales = kScales[unit] || [[1, unit]];
  const fitting = scales.filter(([factor]) => Math.abs(value) >= factor);
  const [factor, name] = fitting.length ? fitting[fitting.length - 1] : scales[0];
  return husk.significant(value / factor) + ' ' + name;
};

husk.metric = (data, id) => data.metrics.find((metric) => metric.id === id.split('@')[0]);
husk.summary = (runner, id) => runner.summary[id];
husk.median = (runner, id) => (runner.summary[id] ? runner.summary[id].median : undefined);
husk.measured = (data, id) => data.runners.filter((runner) => runner.summary[id]);
husk.isReference = (runner) => runner.reference;

husk.isSameMachine = (a, b) => ['cpu_model', 'kernel', 'kvm_backend', 'cores'].every((key) => a.host[key] === b.host[key]);

// RFC 4180.
husk.csvField = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replace(/"/g, '""')}"` : String(value));

// Text only ever enters the page as text: what stands in the data is not trusted.
husk.element = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const child of children) element.append(child);
  return element;
};

husk.section = (id, title, explanation) => {
  const section = husk.element('section', { id }, husk.element('h2', {}, title));
  if (explanation) section.append(husk.element('p', { class: 'soft' }, explanation));
  document.getElementById('page').append(section);
  return section;
};

// A drawing of so many units in its own coordinates, which scales with the page.
husk.figure = (section, width, height, label, caption) => {
  const figure = husk.element('figure');
  section.append(figure);
  const svg = d3.select(figure).append('div').attr('class', 'drawing').append('svg').attr('viewBox', `0 0 ${width} ${height}`).attr('role', 'img').attr('aria-label', label);
  if (caption) figure.append(husk.element('figcaption', {}, caption));
  return svg;
};

// Rows of cells; a cell is a text, or {text, interval, note, class}.
husk.table = (section, header, rows) => {
  const table = husk.element('table');
  table.append(husk.element('thead', {}, husk.element('tr', {}, ...header.map((text) => husk.element('th', { scope: 'col' }, text)))));
  const body = husk.element('tbody');
  for (const row of rows) {
    const line = husk.element('tr', { class: row.class || (row.name === 'vm' ? 'vm' : '') }, husk.element('th', { scope: 'row' }, row.title || row.name));
    for (const cell of row.cells) {
      if (cell !== null && typeof cell === 'object') {
        const attributes = { class: cell.class || (cell.note ? 'note' : '') };
        if (cell.span) attributes.colspan = cell.span;
        const element = husk.element('td', attributes, cell.note || cell.text);
        if (cell.interval) element.append(husk.element('br'), husk.element('span', { class: 'interval' }, cell.interval));
        line.append(element);
      } else {
        line.append(husk.element('td', {}, cell === undefined || cell === null ? '–' : cell));
      }
    }
    body.append(line);
  }
  table.append(body);
  section.append(husk.element('div', { class: 'scroll' }, table));
  return table;
};

husk.intervalText = (interval, show) => (interval ? `${show(interval[0])} – ${show(interval[1])}` : '');

// The cell of a runner and a metric: the median with its interval, or why there is none.
husk.cell = (data, runner, id) => {
  const summary = husk.summary(runner, id);
  const unit = husk.metric(data, id).unit;
  if (!summary) return runner.notes[id] ? { note: runner.notes[id] } : '–';
  return { text: husk.withUnit(summary.median, unit), interval: husk.intervalText(summary.interval, (value) => husk.withUnit(value, unit)) };
};

husk.ratioCell = (runner, id, baseline) => {
  const ratio = runner.summary[id] && runner.summary[id].ratio[baseline];
  if (!ratio) return runner.name === baseline ? '1' : '–';
  return { text: husk.significant(ratio.median) + '×', interval: husk.intervalText(ratio.interval, husk.significant) };
};
