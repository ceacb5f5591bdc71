// What all charts and tables of the page share: numbers as text, colours, elements.
'use strict';
const husk = {};

// Names in the data are anybody's: an object without a prototype has no member 'constructor' that nobody gave it.
husk.parse = (text) => JSON.parse(text, (key, value) => (
  value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.assign(Object.create(null), value) : value));

// Okabe and Ito's colours, which most colour-blind readers can tell apart; dashes and labels say the same again. Runners
// of one family have shades of its colour.
const kColours = { vm: '#0072b2', namespace: '#d55e00', process: '#e69f00', oci: '#009e73', sandbox: '#cc79a7', vmm: '#56b4e9', language: '#b5a900', other: '#888888' };
const kDashes = ['', '6 2', '2 3', '8 3 2 3', '1 2', '10 4'];
const kFamilies = [[/^vm(-|$)/, 'vm'], [/^namespace/, 'namespace'], [/^process/, 'process'], [/^(runc|crun|podman|docker|containerd|ctr|nspawn|systemd-nspawn)/, 'oci'],
  [/^(bwrap|gvisor|runsc)/, 'sandbox'], [/^(qemu|linux-vm|firecracker|kata)/, 'vmm'], [/^wasm/, 'language'], [/^(fork-exec|kvm-floor)/, 'other']];
husk.styles = Object.create(null);

// Hues and lightnesses around a family's colour: no two runners have the same. None is so dark or so light that it is
// lost on paper or on a dark screen.
husk.shade = (colour, index) => {
  const { h, s, l } = d3.hsl(colour), side = index % 2 ? 1 : -1, steps = Math.ceil(index / 2);
  return index ? d3.hsl(h + side * 5 * steps, s || 0, Math.max(0.33, Math.min(0.66, l + side * 0.07 * steps))).toString() : colour;
};

// The names of a family in the order of the table: the first is drawn in full, each further one in another shade and with
// another dash.
husk.chooseStyles = (documents) => {
  const seen = Object.create(null);
  for (const name of new Set(documents.flatMap((data) => data.runners.map((runner) => runner.name)))) {
    const family = (kFamilies.find(([pattern]) => pattern.test(name)) || [null, 'other'])[1];
    const index = seen[family] || 0;
    seen[family] = index + 1;
    husk.styles[name] = { colour: husk.shade(kColours[family], index), dash: kDashes[index % kDashes.length], width: name === 'vm' ? 3 : family === 'other' ? 1.5 : 2 };
  }
};
husk.style = (name) => husk.styles[name] || { colour: kColours.other, dash: '4 3', width: 1.5 };

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
// One that everything is measured of: not a limit, and not the hardened form of another one.
husk.isSubject = (runner) => !runner.reference && !runner.hardened_form_of;

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

// Rows of cells; a cell is a text, or {text, interval, count, note, class, span, title, style}.
husk.table = (section, header, rows, attributes = {}) => {
  const table = husk.element('table', attributes);
  table.append(husk.element('thead', {}, husk.element('tr', {}, ...header.map((text) => husk.element('th', { scope: 'col' }, text)))));
  const body = husk.element('tbody');
  for (const row of rows) {
    const line = husk.element('tr', { class: row.class || (row.name === 'vm' ? 'vm' : '') }, husk.element('th', { scope: 'row' }, row.title || row.name));
    for (const cell of row.cells) line.append(husk.tableCell(cell));
    body.append(line);
  }
  table.append(body);
  section.append(husk.element('div', { class: 'scroll' }, table));
  return table;
};

husk.tableCell = (cell) => {
  if (cell === undefined || cell === null) return husk.element('td', {}, '–');
  if (typeof cell !== 'object') return husk.element('td', {}, cell);
  const element = husk.element('td', { class: cell.class || (cell.note ? 'note' : '') }, cell.note || cell.text);
  if (cell.span) element.setAttribute('colspan', cell.span);
  if (cell.title) element.setAttribute('title', cell.title);
  if (cell.style) element.setAttribute('style', cell.style);
  if (cell.interval || cell.count !== undefined) element.append(husk.element('br'));
  if (cell.interval) element.append(husk.element('span', { class: 'interval' }, cell.interval));
  if (cell.count !== undefined) element.append(husk.element('span', { class: husk.isFew(cell.count) ? 'count few' : 'count' }, husk.countText(cell.count)));
  return element;
};

// A command line as a shell takes it back.
husk.quoted = (words) => words.map((word) => (/^[A-Za-z0-9_.\/:=,+@%-]+$/.test(word) ? word : `'${String(word).replace(/'/g, "'\\''")}'`)).join(' ');

// Fewer samples than this are shown, but a reader is told: they support no interval, and hardly a median.
const kFew = 5;
husk.samplesOf = (summary) => (summary.fit ? summary.fit.steps : summary.count);
husk.isFew = (count) => count !== undefined && count < kFew;
husk.countText = (count) => `n ${count}${husk.isFew(count) ? ': few' : ''}`;

husk.intervalText = (interval, show) => (interval ? `${show(interval[0])} – ${show(interval[1])}` : '');

// The same with a unit, which is said once where both ends have the same.
husk.intervalWithUnit = (interval, unit) => {
  if (!interval) return '';
  const [low, high] = interval.map((value) => husk.withUnit(value, unit).split(' '));
  return `${low[0]}${low[1] === high[1] ? '' : ` ${low[1]}`} – ${high.join(' ')}`;
};

// The cell of a runner and a metric: the median with its interval and number of samples, or why there is none.
husk.cell = (data, runner, id) => {
  const summary = husk.summary(runner, id);
  const unit = husk.metric(data, id).unit;
  if (!summary) return runner.notes[id] ? { note: runner.notes[id] } : '–';
  return { text: husk.withUnit(summary.median, unit), interval: husk.intervalWithUnit(summary.interval, unit), count: husk.samplesOf(summary), title: runner.notes[id] };
};

husk.ratio = (runner, id, other) => (runner.summary[id] && runner.summary[id].ratio[other]) || undefined;

husk.ratioCell = (runner, id, baseline) => {
  const ratio = husk.ratio(runner, id, baseline);
  if (!ratio) return runner.name === baseline ? '1' : '–';
  return { text: husk.significant(ratio.median) + '×', interval: husk.intervalText(ratio.interval, husk.significant), count: ratio.count };
};

// What more of the one costs than of the other: of times and memory the ratio itself, of rates its inverse.
husk.asCost = (ratio, metric) => {
  if (!ratio || !(ratio.median > 0) || !metric.higher_is_better) return ratio && ratio.median > 0 ? ratio : undefined;
  return { ...ratio, median: 1 / ratio.median, interval: ratio.interval && [1 / ratio.interval[1], 1 / ratio.interval[0]] };
};
