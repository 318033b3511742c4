/** Which of the stored flows would have another verdict, counted, in the bodies of the API. flow-ingest adds them up; who is alike is said here. */
import { CALLS } from '@ringfence/contracts';
import type { StoredFlowsChoice, Verdict, WhatIfAnswer } from '@ringfence/contracts';
import type { Bus } from '@ringfence/bus';
import type { End } from '../../domain/judged-by-labels.js';
import { verdictWords } from '../../domain/rule-words.js';
import { endsAlike, judgedKinds } from '../../domain/what-if/stored-flows.js';
import type { FlippedKind } from '../../domain/what-if/stored-flows.js';
import type { FlippedVerdict, Flips } from '../../domain/what-if/flips.js';
import { workloadHref } from '../../objects/hrefs.js';
import type { ResourceContext } from './resource-context.js';

/** Of kinds of flows; the rest is counted. */
const SHOWN_FLIPS = 100;

type JudgedFlows = NonNullable<WhatIfAnswer['flows']>;
type Shown = WhatIfAnswer['flips'][number];
type Names = ReadonlyMap<string, string>;

export interface Judging {
  readonly context: Pick<ResourceContext, 'facts' | 'flows' | 'now'>;
  readonly names: Names;
  readonly flips: Flips;
}

export const storedFlowsOn = (bus: Pick<Bus, 'call'>): ResourceContext['flows'] => ({
  ends: (request) => bus.call(CALLS.endsSeen, request),
  kinds: (request) => bus.call(CALLS.flowKinds, request),
});

export async function storedFlows(
  { context, names, flips }: Judging,
  choice: StoredFlowsChoice,
): Promise<Pick<WhatIfAnswer, 'flips' | 'flows'>> {
  // What is seen while it is judged is not of this time.
  const bounded = { ...choice, end_date: choice.end_date ?? context.now().toISOString() };
  const { ends } = await context.flows.ends({ since: new Date(bounded.start_date).toISOString() });
  const alike = endsAlike(ends, context.facts.entities, flips);
  const { kinds, concerned } = alike;
  const found = await context.flows.kinds({ choice: bounded, kinds, concerned });
  const { flips: flipped, leftOut } = judgedKinds(found, alike, flips);
  const flows: JudgedFlows = {
    ...{ start_date: bounded.start_date, end_date: bounded.end_date, stored: found.stored },
    judged: found.stored - leftOut.essential - leftOut.gone - leftOut.beyond,
    changed: counted(flipped),
    by: byVerdicts(flipped),
    left_out: leftOut,
  };
  const busiest = flipped.toSorted((a, b) => b.kind.connections - a.kind.connections);
  return { flows, flips: busiest.slice(0, SHOWN_FLIPS).map((flip) => shownFlip(flip, names)) };
}

function counted(flipped: readonly FlippedKind[]): JudgedFlows['changed'] {
  const sum = (of: (one: FlippedKind) => number): number => flipped.reduce((all, one) => all + of(one), 0);
  return { flows: sum(({ kind }) => kind.flows), num_connections: sum(({ kind }) => kind.connections) };
}

function byVerdicts(flipped: readonly FlippedKind[]): JudgedFlows['by'] {
  const groups = new Map<string, { verdicts: readonly Verdict[]; flips: FlippedKind[] }>();
  for (const flip of flipped) {
    const verdicts = [flip.kind.verdict, flip.before, flip.after];
    const group = groups.get(verdicts.join()) ?? { verdicts, flips: [] };
    groups.set(verdicts.join(), group);
    group.flips.push(flip);
  }
  return [...groups.values()]
    .map(({ verdicts, flips }) => {
      const [recorded, before, after] = verdicts as [Verdict, Verdict, Verdict];
      return { recorded, before, after, ...counted(flips) };
    })
    .sort((a, b) => b.num_connections - a.num_connections);
}

function shownFlip({ kind, from, to, before, after, rule }: FlippedKind, names: Names): Shown {
  const { proto, port, connections, flows, lastAt } = kind;
  return {
    ...{ src: shownEnd(from), dst: shownEnd(to), service: { port, proto } },
    ...{ num_connections: connections, last_detected: lastAt, essential: false, before, after, flows },
    reason: flipWords({ before, after, rule }, names),
  };
}

const shownEnd = ({ entity, token, name }: End): Shown['src'] =>
  entity === null ? { ip: token } : { workload: { href: workloadHref(entity.id, entity) }, name };

export function flipWords({ after, rule }: FlippedVerdict, names: Names): string {
  if (after === 'allowed') return 'a rule allows it';
  return rule === null ? `no rule allows it: ${verdictWords(after)}` : `denied by ${names.get(rule) ?? rule}`;
}
