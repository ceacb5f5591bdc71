// Two comparisons on one page: what differs, and what must be known before one believes it.
'use strict';

husk.describe = (label, data) => {
  const page = document.getElementById('page');
  const ring = data.host.guest_ring === '' ? '' : `, guest kernel in CPL ${data.host.guest_ring}`;
  page.append(husk.element('p', { class: 'lead' }, `${label}: ${data.started}, husk ${data.husk.version} (${data.husk.commit}), ${data.host.cpu_model}, ${data.host.kernel}, KVM ${data.host.kvm_backend}${ring}. Payload: ${data.payload.description}. ${data.host.meaning}`));
  for (const text of data.warnings) page.append(husk.element('p', { class: 'warning' }, `Noise in ${label}: ${text}`));
  if (!data.complete) page.append(husk.element('p', { class: 'warning' }, `${label} ended early: this is what was known then.`));
};

// "cannot tell: fewer than 8 samples"; a row that is not judged says why.
husk.verdictText = (judgement) => (judgement.verdict && judgement.why ? `${judgement.verdict}: ${judgement.why}` : judgement.verdict || judgement.why);

// A row of the medians of both. The judgement, where it belongs to this row, is husk report's (judgement.h).
husk.pairRow = (title, mine, theirs, cells, judgement) => {
  const quotient = mine.median > 0 ? husk.significant(theirs.median / mine.median) + '×' : '–';
  const tested = judgement && judgement.interval;
  const between = tested ? { text: husk.significant(judgement.quotient) + '×', interval: husk.intervalText(judgement.interval, husk.significant) } : quotient;
  const verdict = judgement ? { text: husk.verdictText(judgement), class: ['better', 'worse'].includes(judgement.verdict) ? judgement.verdict : 'text' } : '';
  return { title, cells: [...cells, between, verdict] };
};

// Why a runner has no table below, or one with fewer rows; '' when there is nothing to say.
husk.stateOf = (runner) => {
  if (!runner) return 'not in this comparison';
  if (runner.note || runner.status !== 'measured') return runner.note || runner.status;
  return Object.keys(runner.summary).length ? '' : 'without a figure';
};

husk.notInBoth = (a, b) => {
  const find = (data, name) => data.runners.find((runner) => runner.name === name);
  const names = Array.from(new Set([...a.runners, ...b.runners].map((runner) => runner.name)));
  const rows = names.map((name) => ({ name, states: [husk.stateOf(find(a, name)), husk.stateOf(find(b, name))] }))
    .filter((row) => row.states.some((state) => state !== ''))
    .map((row) => ({ name: row.name, cells: row.states.map((state) => (state ? { note: state } : { text: 'measured', class: 'text' })) }));
  if (rows.length) husk.table(husk.section('not-in-both', 'Not measured, or not to the end'), ['', 'A', 'B'], rows);
};

husk.sideBySide = (a, b, judgements) => {
  const page = document.getElementById('page');
  page.append(husk.element('h1', {}, 'Two comparisons side by side'));
  husk.describe('A', a);
  husk.describe('B', b);
  const isSamePayload = a.payload.description === b.payload.description;
  const isSameMachine = husk.isSameMachine(a, b);
  // husk report gives both the same baseline when there is one that both have measured.
  const hasRatio = (data) => data.runners.some((runner) => Object.values(runner.summary).some((summary) => summary.ratio[a.baseline]));
  const baseline = a.baseline === b.baseline && hasRatio(a) && hasRatio(b) ? a.baseline : '';
  if (!isSamePayload) {
    page.append(husk.element('p', { class: 'warning', id: 'payloads-differ' }, husk.element('strong', {}, 'The payloads differ: '), 'what differs below may be theirs, so nothing is called better or worse.'));
  }
  if (!isSameMachine) {
    const advice = !baseline ? ' There is no runner that both could be put in a ratio to.' : '';
    page.append(husk.element('p', { class: 'warning' }, 'These are different machines: compare ratios within each, not A’s times with B’s.' + advice));
  }
  if ([a, b].some((data) => husk.measured(data, 'start_ns').length)) {
    husk.ecdf(husk.section('start-up', 'Start-up'), [a, b], 'start_ns', 'A drawn as in its own report, B dotted.');
  }
  for (const runner of a.runners) {
    const other = b.runners.find((one) => one.name === runner.name);
    const ids = other ? Object.keys(runner.summary).filter((id) => other.summary[id] && husk.metric(a, id)) : [];
    if (!ids.length) continue;
    husk.table(husk.section('runner-' + runner.name, runner.name), ['', 'A', 'B', 'B / A', 'B is'], ids.flatMap((id) => {
      const metric = husk.metric(a, id), mine = runner.summary[id], theirs = other.summary[id];
      const parameter = id.split('@')[1];
      const judgement = judgements.find((one) => one.runner === runner.name && one.metric === id);
      const limit = judgement ? judgement.limit : '';
      const rows = [husk.pairRow(metric.title + (parameter ? ` (n=${parameter})` : ''), mine, theirs, [husk.cell(a, runner, id), husk.cell(b, other, id)], limit ? null : judgement)];
      const ratios = [mine.ratio[limit], theirs.ratio[limit]];
      if (limit && ratios.every((ratio) => ratio)) {
        rows.push({ ...husk.pairRow(`× ${limit}`, ...ratios, [husk.ratioCell(runner, id, limit), husk.ratioCell(other, id, limit)], judgement), class: 'ratio' });
      }
      return rows;
    }));
  }
  page.append(husk.element('p', { class: 'soft' }, 'Judged are times and rates as ratios to a limit that was measured in the same rounds, and memory as it is. Better or worse is what differs by 2 % or more, where the tests of all rows together have less than 5 % of false ones among those that are called so. “Cannot tell” is not “alike”: the 95 % interval of B / A says how much may be hidden.'));
  husk.notInBoth(a, b);
};
