// The sections of the page, from the headline to the raw data.
'use strict';

husk.headline = (data) => {
  const page = document.getElementById('page');
  page.append(husk.element('h1', {}, 'What does isolation cost?'));
  page.append(husk.element('p', { class: 'lead' }, `${data.payload.description}; ${data.host.cpu_model}, ${data.host.cores} cores, ${data.host.os}, ${data.host.kernel}; ${data.started}`));
  for (const text of data.warnings) page.append(husk.element('p', { class: 'warning' }, 'Noise: ' + text));
  if (!data.complete) page.append(husk.element('p', { class: 'warning' }, 'Ended early: this is what was known then.'));
  const vm = data.runners.find((runner) => runner.name === 'vm');
  const facts = husk.element('div', { class: 'facts' });
  const add = (figure, text) => facts.append(husk.element('div', { class: 'fact' }, husk.element('b', {}, figure), husk.element('span', {}, text)));
  if (vm && vm.summary.start_ns) {
    const start = vm.summary.start_ns;
    add(husk.withUnit(start.median, 'ns'), 'a process in a micro-VM of its own, from start to exit');
    const known = [['runc', 'of the time that runc needs'], ['namespace', 'of the time in namespaces alone']];
    const others = known.some(([name]) => name === data.baseline) ? known : [...known, [data.baseline, `of ${data.baseline}`]];
    for (const [other, text] of others) {
      const ratio = start.ratio[other];
      if (ratio) add(husk.significant(ratio.median) + '×', `${text}${ratio.interval ? ', 95 %: ' + husk.intervalText(ratio.interval, husk.significant) : ''}`);
    }
    const more = husk.summary(vm, 'additional_pss_bytes') || husk.summary(vm, 'idle_pss_bytes');
    if (more) add(husk.withUnit(more.median, 'bytes'), vm.summary.additional_pss_bytes ? 'of memory for one VM more' : 'of memory for one idle VM');
  }
  if (facts.childElementCount) page.append(facts);
  const ring = data.host.guest_ring === '' ? '' : `, husk's guest kernel in CPL ${data.host.guest_ring}`;
  for (const runner of data.runners.filter((one) => one.choice)) page.append(husk.element('p', { class: 'soft choice' }, `Limit: ${runner.choice.meaning}.`));
  page.append(husk.element('p', { id: 'meaning' }, `KVM back end: ${data.host.kvm_backend}${ring}. ${data.host.meaning}`));
};

// A row for every runner: what is missing says why.
husk.runnerRows = (data, columns, cells) => data.runners.map((runner) => ({
  name: runner.name,
  cells: runner.status === 'measured' ? cells(runner) : [{ note: runner.note, span: columns }],
}));

// What stands beside the start itself; whatever else is measured of a start has a table of its own.
const kStartColumns = ['cold_start_ns', 'first_instruction_ns', 'first_output_ns', 'teardown_ns'];

husk.startUp = (data) => {
  if (!husk.measured(data, 'start_ns').length) return;
  const section = husk.section('start-up', 'Start-up', 'From exec of the runner to its exit. Runs of all runners are interleaved in random order; every run counts, outliers too.');
  husk.ecdf(section, [data], 'start_ns', 'Each line is the part of a runner’s runs that took at most so long: the further left the faster, the steeper the steadier. The thick part at one half is the 95 % interval of the median. fork-exec, kvm-floor and kvm-floor-irqfd are limits: a bare process, the cheapest VM that this host can have, and one with glibc and an interrupt that an eventfd raises.');
  husk.ratios(data, section);
  const isKnown = (id) => data.runners.some((runner) => runner.summary[id] || runner.notes[id]);
  const ids = kStartColumns.filter(isKnown);
  const header = ['', 'start to exit', `× ${data.baseline}`, ...ids.map((id) => husk.metric(data, id).title)];
  husk.table(section, header, husk.runnerRows(data, header.length - 1, (runner) => [
    husk.cell(data, runner, 'start_ns'), husk.ratioCell(runner, 'start_ns', data.baseline), ...ids.map((id) => husk.cell(data, runner, id))]));
  section.append(husk.element('p', { class: 'soft' }, 'Medians with 95 % confidence intervals. Ratios are medians of ratios pair by pair.'));
  const others = data.metrics.filter((metric) => metric.group === 'start_up' && metric.id !== 'start_ns' && !kStartColumns.includes(metric.id) && isKnown(metric.id));
  if (!others.length) return;
  section.append(husk.element('h3', {}, 'The same start in other forms'));
  husk.tables(section, data, others);
};

husk.sequenceOfRuns = (data) => {
  if (!husk.measured(data, 'start_ns').length) return;
  const section = husk.section('sequence', 'The runs one by one', 'A machine that drifts, or has two moods, shows it here: slices whose medians (lines) differ by more than their runs scatter.');
  const slices = data.slices && data.slices.start_ns && data.slices.start_ns.length;
  husk.sequence(section, data, 'start_ns', `Each point is a run. ${slices ? `Start-up was measured in ${slices} slices of the comparison, with the other measurements in between.` : 'The slices are quarters of the runs.'}`);
};

// What the VM costs against namespaces: everything in one drawing, dear and cheap.
husk.cost = (data) => {
  const find = (name) => data.runners.find((runner) => runner.name === name);
  const vm = find('vm'), other = find('namespace');
  if (!vm || !other) return;
  const isCompared = (id) => { const metric = husk.metric(data, id); return metric && metric.group !== 'phases' && metric.group !== 'image_size' && !/(^|_)total_.*@|^arrival_(rate|lag_ns)$/.test(id); };
  const order = (id) => data.metrics.indexOf(husk.metric(data, id)) * 1e7 + Number(id.split('@')[1] || 0);
  const rows = Object.keys(vm.summary).filter(isCompared).sort((a, b) => order(a) - order(b)).flatMap((id) => {
    const metric = husk.metric(data, id), ratio = husk.asCost(husk.ratio(vm, id, 'namespace'), metric), parameter = id.split('@')[1];
    if (!ratio) return [];
    return [{ title: metric.title + (parameter ? ` (n=${parameter})` : ''), ratio, isStrong: id === 'start_ns', figures: [other, vm].map((runner) => (runner.summary[id] ? husk.withUnit(runner.summary[id].median, metric.unit) : '–')) }];
  });
  if (!rows.length) return;
  const section = husk.section('cost', 'What a VM costs against namespaces', 'vm / namespace, pair by pair: right of the line the VM is dearer. Of rates it is the inverse, so that right is dearer there too.');
  husk.forest(section, rows, { columns: ['namespace', 'vm'], axisTitle: 'vm / namespace (logarithmic)', label: 'Ratios of vm to namespace', caption: 'Medians with 95 % intervals. A hollow point has fewer than 5 pairs, and none has an interval below 6.' });
};

husk.ratios = (data, section) => {
  const rows = data.runners.flatMap((runner) => {
    const ratio = husk.ratio(runner, 'start_ns', data.baseline);
    return ratio && ratio.median > 0 ? [{ title: runner.name, ratio, isStrong: runner.name === 'vm', style: husk.style(runner.name), figures: [husk.withUnit(runner.summary.start_ns.median, 'ns')] }] : [];
  }).sort((a, b) => a.ratio.median - b.ratio.median);
  husk.forest(section, rows, { columns: ['start to exit'], axisTitle: `ratio to ${data.baseline} (logarithmic)`, label: `Ratios of start-up times to ${data.baseline}`, caption: `Start to exit as a ratio to ${data.baseline}, pair by pair, with 95 % intervals.` });
};

// Parts of a stacked bar from metrics that have been measured: [id, title, colour].
husk.parts = (runner, list, divisor) => list.flatMap(([id, title, colour], order) => {
  const summary = runner.summary[id];
  return summary ? [{ title, colour, order, value: summary.median / divisor, interval: summary.interval && summary.interval.map((value) => value / divisor), count: summary.count }] : [];
});
husk.bar = (runner, list, divisor) => {
  const parts = husk.parts(runner, list, divisor);
  return { name: runner.name, parts, count: d3.min(parts, (part) => part.count) };
};

husk.phases = (data) => {
  const parts = [['phase_setup_ns', 'set-up', '#999999'], ['phase_exec_ns', 'exec', '#e69f00'], ['phase_vm_ns', 'VM', '#0072b2'], ['phase_kernel_ns', 'guest kernel', '#56b4e9'], ['phase_payload_ns', 'payload', '#009e73'], ['phase_teardown_ns', 'tear-down', '#cc79a7']];
  const rows = data.runners.map((runner) => husk.bar(runner, parts, kMilli)).filter((row) => row.parts.length);
  if (!rows.length) return;
  const total = (row) => d3.sum(row.parts, (part) => part.value);
  // Phases of a tenth of the scale are still to be seen: what is slower than that has a drawing of its own.
  const subject = rows.find((row) => row.name === 'vm');
  const limit = 12 * (subject ? total(subject) : d3.median(rows, total));
  const section = husk.section('phases', 'What a start is made of');
  const draw = (some, caption) => {
    if (some.length) husk.stacked(section, some, (value) => husk.significant(value) + ' ms', 'ms', 'Phases of a start by runner', caption);
  };
  const slow = rows.filter((row) => total(row) > limit);
  draw(rows.filter((row) => !slow.includes(row)), 'Medians of the phases, ms, each with the 95 % interval of its length. Set-up is all that happens before the payload’s first instruction, where a runner cannot tell more.' + (slow.length ? ' The slower ones follow, on a scale of their own.' : ''));
  draw(slow, '');
};

const kMemoryParts = [['private', 'private', '#0072b2'], ['shared', 'share of shared pages', '#56b4e9'], ['kernel', 'host kernel’s', '#e69f00']];
// What an idle instance is looked at as: the prefix of the metrics, and what to write behind the runner's name.
const kForms = [['idle_', ''], ['detached_idle_', ', detached']];

husk.memory = (data) => {
  const rows = data.runners.flatMap((runner) => kForms.map(([prefix, suffix]) => (
    { ...husk.bar(runner, kMemoryParts.map(([part, title, colour]) => [`${prefix}${part}_bytes`, title, colour]), 1048576), name: runner.name + suffix }))).filter((row) => row.parts.length);
  const others = data.metrics.filter((metric) => metric.group === 'memory' && data.runners.some((runner) => runner.summary[metric.id] || runner.notes[metric.id]));
  if (!rows.length && !others.length) return;
  const section = husk.section('memory', 'Memory of one instance', 'The proportional set size of all processes of the instance, guest RAM included, and what the host’s kernel keeps for it.');
  if (rows.length) husk.stacked(section, rows, (value) => husk.significant(value) + ' MiB', 'MiB', 'Memory of one idle instance by runner', 'One idle instance: medians, each part with the 95 % interval of its length. A page that several processes map counts by its share.');
  husk.tables(section, data, others);
};

// Runners as rows, metrics as columns: as many tables as it takes to keep them readable.
husk.tables = (section, data, metrics) => {
  const most = 7;
  for (let at = 0; at < metrics.length; at += most) {
    const some = metrics.slice(at, at + most);
    // One that was measured, but nothing of these, would be a row of dashes.
    const runners = { runners: data.runners.filter((runner) => husk.isSubject(runner)
      && (runner.status !== 'measured' ? at === 0 : some.some((metric) => runner.summary[metric.id] || runner.notes[metric.id]))) };
    husk.table(section, ['', ...some.map((metric) => metric.title)], husk.runnerRows(runners, some.length, (runner) => some.map((metric) => husk.cell(data, runner, metric.id))));
  }
};

// Lines of a family of metrics: the embedded payload's, the same of a payload with an image, that with sharing switched off.
const kManyForms = [['', '', false], ['python_', ', Python', false], ['python_unshared_', ', Python, image not shared', true]];

// The tables of what has no parameter; each metric is in one of them.
const kManyTables = [['One idle instance more', (id) => id.startsWith('additional_')], ['An idle Python of the image', (id) => /^python_(?!unshared_)/.test(id)],
  ['The same, image not shared', (id) => id.startsWith('python_unshared_')], ['Other figures', (id) => !/^(additional|python|arrival)_/.test(id)], ['Starts that arrive at random', (id) => id.startsWith('arrival_')]];

husk.density = (data) => {
  const has = (id) => data.runners.some((runner) => Object.keys(runner.summary).some((key) => key.startsWith(id + '@')));
  const plain = data.metrics.filter((metric) => metric.group === 'density' && data.runners.some((runner) => runner.summary[metric.id] || runner.notes[metric.id]));
  if (!plain.length && !data.metrics.some((metric) => metric.group === 'density' && has(metric.id))) return;
  const section = husk.section('density', 'Many at a time');
  for (const [id, title] of [['total_pss_bytes', 'PSS of n idle instances'], ['total_group_bytes', 'all memory of the control group of n idle instances']]) {
    // A payload with an image takes so much more that the others would lie on the axis.
    for (const forms of [kManyForms.slice(0, 1), kManyForms.slice(1)]) {
      husk.lines(section, data, forms.map(([prefix, suffix, isFaint]) => [prefix + id, suffix, isFaint]), { divisor: 1048576, unit: 'MiB', xTitle: 'idle instances', yTitle: `${title}, MiB`, caption: `${title[0].toUpperCase()}${title.slice(1)}${forms[0][0] ? ', of a Python that sleeps in an image' : ' of the same payload'}, with 95 % intervals. Both axes are logarithmic, for some runners take a hundred times what others do: what one more costs is in the tables below.`, isLog: true });
    }
  }
  husk.lines(section, data, [['start_rate', '']], { divisor: 1, unit: '/s', xTitle: 'starts at a time', yTitle: 'starts per second', caption: 'Sustained starts per second, n at a time, with 95 % intervals.' });
  husk.reasons(section, 'Without a line of start rates', data, (id) => /^start_rate(@|$)/.test(id));
  for (const [title, isIt] of kManyTables) {
    const some = plain.filter((metric) => isIt(metric.id));
    if (some.length) section.append(husk.element('h3', {}, title));
    husk.tables(section, data, some);
  }
  husk.arrivals(section, data);
};

// Starts that come when they come, whether or not the ones before have ended: what waiting adds.
husk.arrivals = (section, data) => {
  const runners = husk.measured(data, 'arrival_ns');
  if (!runners.length) return;
  husk.table(section, ['', 'start to exit under load', '99th percentile', 'failed'], runners.map((runner) => {
    const summary = runner.summary.arrival_ns, failures = runner.failures && runner.failures.arrival_ns, show = (value) => husk.withUnit(value, 'ns');
    return { name: runner.name, cells: [husk.cell(data, runner, 'arrival_ns'),
      summary.p99 === undefined || summary.p99 === null ? '–' : { text: show(summary.p99), interval: husk.intervalText(summary.p99_interval, show), count: summary.count },
      failures ? `${failures.failed} of ${failures.of}` : '–'] };
  }));
  section.append(husk.element('p', { class: 'soft' }, 'Open loop: starts arrive at random times (Poisson) at about half of what the machine can do, and each is timed from when it was to begin.'));
};

husk.imageSize = (data) => {
  if (!data.runners.some((runner) => Object.keys(runner.summary).some((key) => /^image_(named|directory)_ns@/.test(key)))) return;
  const section = husk.section('image-size', 'Start against the size of the image', 'The same payload in images of more and more files: as a named image, and from a directory, which is looked at file by file at every start.');
  husk.lines(section, data, [['image_named_ns', '', false], ['image_directory_ns', ' (directory)', true]], { divisor: kMilli, unit: 'ms', xTitle: 'files in the image', yTitle: 'start to exit, ms (logarithmic)', caption: 'Medians with 95 % intervals; dotted: from a directory.', isLog: true });
  husk.reasons(section, 'Without a line', data, (id) => /^image_(named|directory)_ns(@|$)/.test(id));
};

// Runners of which nothing is shown above, and why: those with a note on what `isIt` tells, and those that were not measured.
husk.reasons = (section, title, data, isIt) => {
  const texts = data.runners.filter((runner) => husk.isSubject(runner) && !Object.keys(runner.summary).some(isIt)).flatMap((runner) => {
    const id = Object.keys(runner.notes).find(isIt), why = runner.status !== 'measured' && runner.note ? runner.note : runner.notes[id];
    return why ? [husk.element('li', {}, `${runner.name}: ${why}`)] : [];
  });
  if (texts.length) section.append(husk.element('p', { class: 'soft' }, `${title}:`), husk.element('ul', { class: 'notes' }, ...texts));
};

// Metrics as rows, runners as columns.
husk.matrix = (data, group, id, title, explanation) => {
  const metrics = data.metrics.filter((metric) => metric.group === group && data.runners.some((runner) => runner.summary[metric.id] || runner.notes[metric.id]));
  if (!metrics.length) return;
  const section = husk.section(id, title, explanation);
  // A runner that none of these says anything about would be an empty column.
  const runners = data.runners.filter((runner) => husk.isSubject(runner) && metrics.some((metric) => runner.summary[metric.id] || runner.notes[metric.id]));
  husk.table(section, ['', ...runners.map((runner) => runner.name)], metrics.map((metric) => ({ title: metric.title, cells: runners.map((runner) => husk.cell(data, runner, metric.id)) })));
};

const kFactTitles = { executables: 'what is looked at', processes: 'processes looked at', syscalls_reachable: 'host system calls in reach', syscalls_total: 'of', syscalls_with_certain_arguments: 'with certain arguments only', syscalls_observed: 'seen in a run', kernel_functions: 'kernel functions reached in a run', kernel_functions_beyond_process: 'of them not of a plain process', kernel_functions_added_by_work: 'added by its work', kernel_function_calls_lost: 'calls not recorded', namespaces: 'namespaces of its own', namespaces_shared: 'namespaces of the host’s', user_namespace: 'user namespace', uid_maps: 'uid map', capabilities: 'capabilities', seccomp: 'seccomp', no_new_privileges: 'no_new_privs', user: 'user', device_nodes_visible: 'device nodes in its /dev', devices: 'open devices', device_nodes: 'device nodes', open_files: 'open files', interfaces: 'interfaces of the VM', kernel_interfaces: 'kernel interfaces' };
// What a fact is worth only inside of a user namespace of its own.
const kInside = ['capabilities'];

// Why a fact is not known.
husk.whyNoFact = (runner, key) => (runner.isolation_facts.unreadable && runner.isolation_facts.unreadable[key]) || runner.notes[key];

husk.factCell = (runner, key) => {
  const facts = runner.isolation_facts, value = facts[key], why = husk.whyNoFact(runner, key);
  if (value === undefined || value === null) return why ? { note: why } : { text: '–', class: 'text' };
  const list = Array.isArray(value) ? (value.length > 20 ? `${value.length} of them` : value.length ? value.join(' ') : 'none') : String(value);
  const isInside = kInside.includes(key) && facts.user_namespace === 'child' && Array.isArray(value) && value.length;
  return { text: list + (isInside ? ' (inside a child user namespace only)' : ''), class: 'text' };
};

husk.isolation = (data) => {
  const looked = data.runners.filter((runner) => runner.isolation_facts);
  if (looked.length) {
    const section = husk.section('isolation', 'What stands between payload and host', 'Of the processes through which the payload reaches the host: itself in a container, the VMM in a VM. docs/isolation.md says how each is counted.');
    const keys = Object.keys(kFactTitles).filter((key) => looked.some((runner) => runner.isolation_facts[key] !== undefined || husk.whyNoFact(runner, key)));
    husk.table(section, ['', ...looked.map((runner) => runner.name)], keys.map((key) => ({ title: kFactTitles[key], cells: looked.map((runner) => husk.factCell(runner, key)) })));
    husk.reasons(section, 'Not looked at', data, (id) => id === 'isolation_facts');
  }
  const vms = data.runners.filter((runner) => runner.vm_exits);
  if (!vms.length) return;
  const section = husk.section('exits', 'What one run costs in exits', `Counts, not times, of one run on this machine (KVM back end ${data.host.kvm_backend}): they do not depend on how fast its exits are, but they do depend on the back end. docs/artefact.md has the counts of another back end beside them.`);
  const rows = [];
  const collect = (object, prefix) => {
    for (const [key, value] of Object.entries(object)) {
      if (value !== null && typeof value === 'object') collect(value, prefix + key + '.');
      else if (!rows.includes(prefix + key)) rows.push(prefix + key);
    }
  };
  for (const runner of vms) collect(runner.vm_exits, '');
  const lookUp = (object, path) => path.split('.').reduce((at, key) => (at === undefined || at === null ? undefined : at[key]), object);
  // KVM has some fifty counters; those that no VM has moved say nothing.
  const moved = rows.filter((path) => !path.startsWith('kvm_stats.') || vms.some((runner) => lookUp(runner.vm_exits, path)));
  const title = (path) => path.replace('kvm_stats.', 'KVM: ').replace(/_/g, ' ');
  husk.table(section, ['', ...vms.map((runner) => runner.name)], moved.map((path) => ({ title: title(path), cells: vms.map((runner) => { const value = lookUp(runner.vm_exits, path); return value === undefined ? '–' : String(value); }) })));
};

// Members of an object as they stand in the file.
husk.facts = (section, title, object, without) => {
  if (!object || typeof object !== 'object') return;
  const text = (value) => (Array.isArray(value) ? husk.quoted(value) : typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));
  const list = Object.entries(object).filter(([name, value]) => !without.includes(name) && value !== null && value !== '' && !(Array.isArray(value) && !value.length));
  if (!list.length) return;
  const items = list.flatMap(([name, value]) => [husk.element('dt', {}, name.replace(/_/g, ' ')), husk.element('dd', {}, text(value))]);
  section.append(husk.element('h3', {}, title), husk.element('dl', { class: 'members' }, ...items));
};

husk.provenance = (data, json) => {
  // JSON.parse rounds numbers above 2^53.
  const [, seed] = json.match(/^ "seed": (\d+)/m) || ['', data.seed];
  const section = husk.section('method', 'How it was measured');
  section.append(husk.element('p', {}, `husk ${data.husk.version} (${data.husk.commit}), seed ${seed}, ${husk.significant(data.seconds)} s; processor time of other programs: ${husk.significant(data.host.others_percent || 0)} %; time stolen by the hypervisor below: ${husk.significant(data.host.steal_percent)} %; clock ${Math.round(data.host.mhz_low)} to ${Math.round(data.host.mhz_high)} MHz. docs/methodology.md defines every figure.`));
  husk.facts(section, 'The machine', data.host, ['meaning']);
  for (const [title, member] of [['What was asked for', data.options], ['The image', data.image]]) husk.facts(section, title, member, []);
  husk.table(section, ['', 'version', 'command'], data.runners.map((runner) => ({ name: runner.name, cells: [{ text: runner.version || '–', class: 'text' }, { text: husk.quoted(runner.command) || runner.note || '–', class: 'text' }] })));
  const lines = ['runner,metric,unit,round,value'];
  for (const runner of data.runners) {
    for (const [id, samples] of Object.entries(runner.samples)) {
      samples.value.forEach((value, index) => lines.push([runner.name, id, (husk.metric(data, id) || { unit: '' }).unit, samples.round[index], value].map(husk.csvField).join(',')));
    }
  }
  const link = (name, type, text) => husk.element('a', { download: name, href: URL.createObjectURL(new Blob([text], { type })) }, name);
  section.append(husk.element('p', { class: 'screen-only' }, 'Raw data, as it stands in this page: ', link('husk-compare.json', 'application/json', json), ', ', link('husk-compare.csv', 'text/csv', lines.join('\r\n') + '\r\n')));
};

// `text`: a list of one comparison or two.
husk.draw = (text) => {
  const documents = husk.parse(text);
  husk.chooseStyles(documents.slice(0, 2)); // behind two comparisons are the judgements of them
  if (documents.length > 1) return husk.sideBySide(...documents);
  const data = documents[0];
  husk.headline(data);
  husk.cost(data);
  husk.startUp(data);
  husk.sequenceOfRuns(data);
  husk.phases(data);
  husk.imageSize(data);
  husk.workloads(data);
  husk.memory(data);
  husk.density(data);
  husk.matrix(data, 'speed', 'speed', 'Speed of a running payload', 'Micro-benchmarks inside; each in an instance of its own.');
  husk.isolation(data);
  husk.provenance(data, text.slice(1, -1).trim() + '\n');
};
