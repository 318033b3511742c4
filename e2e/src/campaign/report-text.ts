/** The findings in words, for a terminal: the verdict last. */
import { wallTime } from './clock.js';
import { repeatCommand } from './findings.js';
import type { Circumstances, Findings } from './findings.js';
import { VIOLATIONS } from './model.js';
import type { Violation, ViolationKind } from './model.js';
import { groupsOf } from './violation-groups.js';

/** Of each kind. */
const MOST_SHOWN = 4;
const MOST_GROUPS = 15;

export function countOf(findings: Findings, kind: ViolationKind): number {
  return findings.violations.filter((violation) => violation.kind === kind).length;
}

export function textReport(findings: Findings, circumstances: Circumstances): string {
  const { tally, faults, newcomers, changes, quietPoints, flows, violations } = findings;
  const made = flows.reduce((sum, each) => sum + each.made, 0);
  const reported = flows.reduce((sum, each) => sum + each.reported, 0);
  const compared = quietPoints.reduce((sum, each) => sum + each.compared, 0);
  const lines = [
    '',
    `Campaign of ${((findings.ended - findings.began) / 60_000).toFixed(1)} min, seed ${circumstances.seed}, on ${circumstances.machine}`,
    '',
    row('connections attempted', tally.attempts),
    row('  passed, dropped', `${tally.passed}, ${tally.dropped}`),
    row('  judged: forbidden, allowed', `${tally.mustNotPass}, ${tally.mustPass}`),
    row('  either answer right, unclear', `${tally.either}, ${tally.unclear}`),
    row('  resets of namespaces in which nothing ran yet', tally.empty),
    row('arrivals at listeners', tally.arrivals),
    row('Pods born', newcomers),
    row('policy changes', changes),
    row('faults', `${faults.length} (${faults.filter(({ healed }) => healed !== null).length} healed)`),
    row('quiet points', `${quietPoints.length} (${compared} connections compared)`),
    row('flows made, reported', `${made}, ${reported}`),
    '',
    ...(Object.keys(VIOLATIONS) as ViolationKind[]).map((kind) =>
      row(VIOLATIONS[kind], countOf(findings, kind)),
    ),
    ...grouped(violations),
    ...shown(violations),
    '',
    `Repeat: ${repeatCommand(circumstances)}`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function row(what: string, value: string | number): string {
  return `  ${what.padEnd(56)} ${String(value).padStart(8)}`;
}

function grouped(violations: readonly Violation[]): string[] {
  const lines = groupsOf(violations)
    .slice(0, MOST_GROUPS)
    .map(({ kind, source, destination, count }) => {
      const ends = destination === '' ? source : `${source} → ${destination}`;
      return `  ${String(count).padStart(6)} × ${VIOLATIONS[kind]}: ${ends}`;
    });
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The first of each kind, in the order of time. */
function shown(violations: readonly Violation[]): string[] {
  const seen = new Map<ViolationKind, number>();
  const first = violations.filter(({ kind }) => {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return seen.get(kind)! <= MOST_SHOWN;
  });
  const lines = first.flatMap(({ kind, at, source, destination, rule, status, detail }) => [
    '',
    `  ✗ ${wallTime(at).toISOString()} ${VIOLATIONS[kind]}`,
    `    ${source}${destination === '' ? '' : ` → ${destination}`}: ${detail}`,
    ...(rule === '' ? [] : [`    oracle: ${rule}`]),
    `    status: ${status}`,
  ]);
  const more = violations.length - first.length;
  return more > 0 ? [...lines, '', `  … and ${more} more, on the page`] : lines;
}
