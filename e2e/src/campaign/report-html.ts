/** The findings as a page that stands alone: no script, no font, no picture from elsewhere. */
import { wallTime } from './clock.js';
import { repeatCommand } from './findings.js';
import type { Circumstances, Findings } from './findings.js';
import { escaped } from './html-text.js';
import { VIOLATIONS } from './model.js';
import type { Violation, ViolationKind } from './model.js';
import { STYLE } from './report-style.js';
import { countOf } from './report-text.js';
import { subjectOf, timeline } from './report-timeline.js';
import { groupsOf } from './violation-groups.js';

const MOST_ROWS = 200;
const MOST_GROUPS = 40;

export function htmlReport(findings: Findings, circumstances: Circumstances): string {
  const { violations } = findings;
  const verdict = violations.length === 0 ? 'Nothing got through' : `${violations.length} violations`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Ringfence campaign: ${verdict}</title><style>${STYLE}</style></head><body><main>
${head(findings, circumstances, verdict)}
${tiles(findings)}
<h2>What was attacked, and when</h2>
<figure>${timeline(findings)}
<figcaption>${legend()}</figcaption></figure>
${violations.length === 0 ? '' : groupTable(violations) + violationTable(violations)}
<div class="columns">${faultTable(findings)}<div>${flowTable(findings)}${quietTable(findings)}</div></div>
${method(findings, circumstances)}
</main></body></html>
`;
}

function head(findings: Findings, { seed, machine, revision, hogs }: Circumstances, verdict: string): string {
  const minutes = ((findings.ended - findings.began) / 60_000).toFixed(1);
  const began = wallTime(findings.began).toISOString().replace('T', ' ').slice(0, 19);
  const facts = [`${began} UTC`, `${minutes} minutes`, `seed ${seed}`, `revision ${revision}`, machine];
  if (hogs > 0) facts.push(`${hogs} busy loops beside it`);
  const sentence =
    findings.violations.length === 0
      ? 'Every forbidden connection was stopped, every allowed one between ready Pods went through, and what the product said about itself was true.'
      : 'Something did not hold. Each violation is listed below with its time, its ends, the rule, and what the product said about itself at that moment.';
  return `<header class="${findings.violations.length === 0 ? 'good' : 'bad'}"><p class="kicker">Ringfence · attack campaign</p><h1>${escaped(verdict)}</h1>
<p>${sentence}</p><p class="facts">${facts.map(escaped).join(' · ')}</p></header>`;
}

function tiles(findings: Findings): string {
  const { tally, newcomers, changes, faults, quietPoints, flows } = findings;
  const made = flows.reduce((sum, each) => sum + each.made, 0);
  const reported = flows.reduce((sum, each) => sum + each.reported, 0);
  const healed = faults.filter((fault) => fault.healed !== null).length;
  const tile = (value: string | number, what: string, isBad?: boolean): string =>
    `<div class="tile${isBad === undefined ? '' : isBad ? ' bad' : ' good'}"><b>${escaped(value)}</b><span>${escaped(what)}</span></div>`;
  const zero = (kind: ViolationKind, what: string): string =>
    tile(number(countOf(findings, kind)), what, countOf(findings, kind) > 0);
  return `<section class="tiles">
${zero('forbidden', 'forbidden packets passed')}
${zero('refused', 'allowed connections refused after Ready')}
${zero('lie', 'differences from what was said to be in force')}
${zero('untold', 'things not enforced in silence')}
${tile(`${number(made)} ${made === reported ? '=' : '≠'} ${number(reported)}`, 'connections made, and reported as flows', made !== reported)}
${tile(`${healed} of ${faults.length}`, 'faults healed', healed < faults.length)}
${tile(number(tally.mustNotPass), 'forbidden packets sent')}
${tile(number(tally.mustPass), 'allowed connections that had to pass')}
${tile(number(newcomers), 'Pods born under attack')}
${tile(number(changes), 'policy changes')}
${tile(number(quietPoints.reduce((sum, each) => sum + each.compared, 0)), `connections compared at ${quietPoints.length} quiet points`)}
${tile(number(tally.either + tally.unclear), 'not judged: a change under way, or an end unclear')}
</section>`;
}

function legend(): string {
  const entry = (name: string, what: string): string => `<span><i class="${name}"></i>${what}</span>`;
  return [
    entry('passed', 'passed'),
    entry('dropped', 'dropped'),
    entry('kill', 'killed'),
    entry('freeze', 'frozen'),
    entry('other', 'other attack'),
    entry('healing', 'recovering'),
    entry('quiet', 'quiet point'),
    entry('violation', 'violation'),
    entry('round', 'attack under way'),
  ].join('');
}

/** What happened, before every single time that it did. */
function groupTable(violations: readonly Violation[]): string {
  const groups = groupsOf(violations);
  const rows = groups.slice(0, MOST_GROUPS).map(
    ({ kind, source, destination, count, first, last }) =>
      `<tr><td><b>${VIOLATIONS[kind]}</b></td><td>${escaped(source)}${destination === '' ? '' : ` → ${escaped(destination)}`}</td>
<td class="number">${number(count)}</td><td class="when">${timeOf(first)} – ${timeOf(last)}</td></tr>`,
  );
  const more =
    groups.length > MOST_GROUPS
      ? `<p class="note">${groups.length - MOST_GROUPS} more pairs are not shown.</p>`
      : '';
  return `<h2>What went wrong</h2><table class="violations"><thead><tr><th>What</th><th>Between</th><th class="number">Times</th><th>First – last</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>${more}`;
}

function timeOf(at: number): string {
  return wallTime(at).toISOString().slice(11, 19);
}

function violationTable(violations: readonly Violation[]): string {
  const rows = violations.slice(0, MOST_ROWS).map(
    ({ kind, at, source, destination, rule, status, detail }) =>
      `<tr><td class="when">${wallTime(at).toISOString().slice(11, 23)}</td><td><b>${VIOLATIONS[kind]}</b><br>${escaped(detail)}</td>
<td>${escaped(source)}${destination === '' ? '' : `<br>→ ${escaped(destination)}`}</td><td>${escaped(rule)}</td><td>${escaped(status)}</td></tr>`,
  );
  const more =
    violations.length > MOST_ROWS
      ? `<p class="note">${violations.length - MOST_ROWS} more are not shown.</p>`
      : '';
  return `<h2>Each of them</h2><table class="violations each"><colgroup><col class="w-time"><col class="w-what"><col class="w-ends"><col class="w-oracle"><col></colgroup><thead><tr><th>Time</th><th>What</th><th>From, to</th><th>Oracle</th><th>What the product said</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>${more}`;
}

function faultTable({ faults }: Findings): string {
  const bySubject = new Map<string, { count: number; longest: number; healed: number }>();
  for (const { name, ended, healed } of faults) {
    const known = bySubject.get(subjectOf(name)) ?? { count: 0, longest: 0, healed: 0 };
    const recovery = healed === null || ended === null ? 0 : healed - ended;
    const longest = Math.max(known.longest, recovery);
    bySubject.set(subjectOf(name), {
      count: known.count + 1,
      longest,
      healed: known.healed + (healed === null ? 0 : 1),
    });
  }
  const rows = [...bySubject]
    .sort()
    .map(
      ([subject, { count, longest, healed }]) =>
        `<tr><td>${escaped(subject)}</td><td class="number">${count}</td><td class="number">${healed === count ? seconds(longest) : 'not recovered'}</td></tr>`,
    );
  const body =
    rows.length === 0 ? '<tr><td colspan="3">no faults in this campaign</td></tr>' : rows.join('\n');
  return `<section><h2>Parts attacked</h2><table><thead><tr><th>Part</th><th class="number">Attacks</th><th class="number">Longest recovery</th></tr></thead><tbody>${body}</tbody></table></section>`;
}

function flowTable({ flows }: Findings): string {
  const rows = flows.map(
    ({ pair, made, reported }) =>
      `<tr${made === reported ? '' : ' class="wrong"'}><td>${escaped(pair)}</td><td class="number">${number(made)}</td><td class="number">${number(reported)}</td></tr>`,
  );
  return `<h2>Flows</h2><table><thead><tr><th>Pair</th><th class="number">Made</th><th class="number">Reported</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function quietTable({ quietPoints }: Findings): string {
  const rows = quietPoints.map(
    ({ at, waitedMs, compared }) =>
      `<tr><td>${wallTime(at).toISOString().slice(11, 19)}</td><td class="number">${seconds(waitedMs)}</td><td class="number">${number(compared)}</td></tr>`,
  );
  return `<h2>Quiet points</h2><table><thead><tr><th>Time</th><th class="number">All in force after</th><th class="number">Connections compared</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function method(findings: Findings, circumstances: Circumstances): string {
  return `<h2>How it is judged</h2>
<p>An oracle of its own holds the policy that the campaign wrote through the REST API, as a plain list of rules, and shares no code with the product. Small
programs in allowed and forbidden Pods, in an unmanaged namespace and outside the cluster connect all the while; each new Pod calls forbidden listeners with its
container’s first instruction, and attackers knock at addresses before their Pods exist. From the moment a change is asked for until the product
says that it is in force everywhere, either answer is right; before and after only one is. An allowed connection counts once its Pod was said to be ready.
A reset from a namespace in which no container had started yet is no
violation, since there was nothing to reach (${number(findings.tally.empty)} in this campaign). At a quiet point nothing is attacked, everything is said to be in force, and every connection is tried once and compared.</p>
<h2>How to repeat it</h2><pre>${escaped(repeatCommand(circumstances))}</pre>
<p class="note">The seed chooses the faults, their order and length, and the changes; the machine’s pace is its own.</p>`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
