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

husk.startUp = (data) => {
  if (!husk.measured(data, 'start_ns').length) return;
  const section = husk.section('start-up', 'Start-up', 'From exec of the runner to its exit. Runs of all runners are interleaved in random order; every run counts, outliers too.');
  husk.ecdf(section, [data], 'start_ns', 'Each line is the part of a runner’s runs that took at most so long: the further left the faster, the steeper the steadier. fork-exec, kvm-floor and kvm-floor-irqfd are limits: a bare process, the cheapest VM that this host can have, and one with glibc and an interrupt that an eventfd raises.');
  const ids = ['cold_start_ns', 'first_instruction_ns', 'first_output_ns', 'teardown_ns'].filter((id) => data.runners.some((runner) => runner.summary[id] || runner.notes[id]));
  const header = ['', 'start to exit', `× ${data.baseline}`, ...ids.map((id) => husk.metric(data, id).title)];
  husk.table(section, header, husk.runnerRows(data, header.length - 1, (runner) => [
    husk.cell(data, runner, 'start_ns'), husk.ratioCell(runner, 'start_ns', data.baseline), ...ids.map((id) => husk.cell(data, runner, id))]));
  section.append(husk.element('p', { class: 'soft' }, 'Medians with 95 % confidence intervals. Ratios are medians of ratios pair by pair.'));
};

husk.phases = (data) => {
  const parts = [['phase_setup_ns', 'set-up', '#999999'], ['phase_exec_ns', 'exec', '#e69f00'], ['phase_vm_ns', 'VM', '#0072b2'], ['phase_kernel_ns', 'guest kernel', '#56b4e9'], ['phase_payload_ns', 'payload', '#009e73'], ['phase_teardown_ns', 'tear-down', '#cc79a7']];
  const rows = data.runners.map((runner) => ({
    name: runner.name,
    parts: parts.flatMap(([id, title, colour], order) => (runner.summary[id] ? [{ title, colour, order, value: runner.summary[id].median / 1e6 }] : [])),
  })).filter((row) => row.parts.length);
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
  draw(rows.filter((row) => !slow.includes(row)), 'Medians, ms. Set-up is all that happens before the payload’s first instruction, where a runner cannot tell more.' + (slow.length ? ' The slower ones follow, on a scale of their own.' : ''));
  draw(slow, '');
};

husk.memory = (data) => {
  const rows = husk.measured(data, 'idle_private_bytes').map((runner) => ({
    name: runner.name,
    parts: [['idle_private_bytes', 'private', '#0072b2'], ['idle_shared_bytes', 'share of shared pages', '#56b4e9'], ['idle_kernel_bytes', 'host kernel’s', '#e69f00']]
      .filter(([id]) => runner.summary[id]).map(([id, title, colour]) => ({ title, colour, value: runner.summary[id].median / 1048576 })),
  }));
  if (rows.length) {
    const section = husk.section('memory', 'Memory of one idle instance', 'The proportional set size of all processes of the instance, guest RAM included, and what the host’s kernel keeps for it.');
    husk.stacked(section, rows, (value) => husk.significant(value) + ' MiB', 'MiB', 'Memory of one idle instance by runner', 'Medians. A page that several processes map counts by its share.');
  }
};

husk.density = (data) => {
  const has = (id) => data.runners.some((runner) => Object.keys(runner.summary).some((key) => key.startsWith(id)));
  if (!has('total_pss_bytes@') && !has('start_rate@')) return;
  const section = husk.section('density', 'Many at a time');
  husk.lines(section, data, 'total_pss_bytes', 1048576, 'idle instances', 'PSS of n idle instances, MiB', 'Memory (PSS, MiB) of n idle instances of the same payload. The slope is what one more costs.');
  husk.lines(section, data, 'start_rate', 1, 'starts at a time', 'starts per second', 'Sustained starts per second, n at a time.');
  const ids = ['additional_pss_bytes', 'additional_system_bytes'];
  if (has(ids[0])) {
    husk.table(section, ['', ...ids.map((id) => husk.metric(data, id).title)], husk.runnerRows({ runners: data.runners.filter((runner) => !runner.reference) }, 2, (runner) => ids.map((id) => husk.cell(data, runner, id))));
  }
};

// Metrics as rows, runners as columns.
husk.matrix = (data, group, id, title, explanation) => {
  const metrics = data.metrics.filter((metric) => metric.group === group && data.runners.some((runner) => runner.summary[metric.id] || runner.notes[metric.id]));
  if (!metrics.length) return;
  const section = husk.section(id, title, explanation);
  const runners = data.runners.filter((runner) => !runner.reference && runner.status === 'measured');
  husk.table(section, ['', ...runners.map((runner) => runner.name)], metrics.map((metric) => ({ title: metric.title, cells: runners.map((runner) => husk.cell(data, runner, metric.id)) })));
};

const kFactTitles = { syscalls_reachable: 'host system calls in reach', syscalls_total: 'of', syscalls_with_certain_arguments: 'with certain arguments only', syscalls_observed: 'seen in a run', namespaces: 'namespaces of its own', capabilities: 'capabilities', seccomp: 'seccomp', no_new_privileges: 'no_new_privs', user: 'user', device_nodes_visible: 'device nodes in its /dev', devices: 'open devices', kernel_interfaces: 'kernel interfaces' };

husk.isolation = (data) => {
  const looked = data.runners.filter((runner) => runner.isolation_facts);
  if (looked.length) {
    const section = husk.section('isolation', 'What stands between payload and host', 'Of the processes through which the payload reaches the host: itself in a container, the VMM in a VM. docs/isolation.md says how each is counted.');
    const keys = Object.keys(kFactTitles).filter((key) => looked.some((runner) => runner.isolation_facts[key] !== undefined));
    const text = (value) => (value === undefined || value === null ? '–' : Array.isArray(value) ? (value.length > 20 ? `${value.length} of them` : value.length ? value.join(' ') : 'none') : String(value));
    husk.table(section, ['', ...looked.map((runner) => runner.name)], keys.map((key) => ({ title: kFactTitles[key], cells: looked.map((runner) => ({ text: text(runner.isolation_facts[key]), class: 'text' })) })));
  }
  const vms = data.runners.filter((runner) => runner.vm_exits);
  if (!vms.length) return;
  const section = husk.section('exits', 'What one run costs on any hardware', 'Counts, not times: they do not depend on how fast this machine’s exits are. What KVM itself counts (KVM: …) depends on its back end.');
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

husk.provenance = (data, json) => {
  // JSON.parse rounds numbers above 2^53.
  const [, seed] = json.match(/^ "seed": (\d+)/m) || ['', data.seed];
  const section = husk.section('method', 'How it was measured');
  section.append(husk.element('p', {}, `husk ${data.husk.version} (${data.husk.commit}), seed ${seed}, ${husk.significant(data.seconds)} s; processor time of other programs: ${husk.significant(data.host.others_percent || 0)} %; time stolen by the hypervisor below: ${husk.significant(data.host.steal_percent)} %; clock ${Math.round(data.host.mhz_low)} to ${Math.round(data.host.mhz_high)} MHz. docs/methodology.md defines every figure.`));
  husk.table(section, ['', 'version', 'command'], data.runners.map((runner) => ({ name: runner.name, cells: [{ text: runner.version || '–', class: 'text' }, { text: runner.command.join(' ') || runner.note || '–', class: 'text' }] })));
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
  if (documents.length > 1) return husk.sideBySide(...documents);
  const data = documents[0];
  husk.headline(data);
  husk.startUp(data);
  husk.phases(data);
  husk.matrix(data, 'workloads', 'workloads', 'Workloads', 'From start to exit of a payload that does something.');
  husk.memory(data);
  husk.density(data);
  husk.matrix(data, 'speed', 'speed', 'Speed of a running payload', 'Micro-benchmarks inside; each in an instance of its own.');
  husk.isolation(data);
  husk.provenance(data, text.slice(1, -1).trim() + '\n');
};
