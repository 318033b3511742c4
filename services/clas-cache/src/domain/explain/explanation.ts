/**
 * The answer to `explain`, from what the nodes were told: both ends judged as their kernels judge, and whether the kernels
 * have it. Of several Pods behind one name the worst is shown, with a note where the others fare better.
 */
import type { ClusterAnswer, ClusterQuestion, JudgedEnd, Verdict } from '@ringfence/contracts';
import type { Direction, Evaluation } from '@ringfence/policy-engine';
import type { ClusterView } from '../cluster-view.calculator.js';
import type { Spans } from '../spans.calculator.js';
import type { Enforcement } from './enforcement.js';
import { connectionsBetween, MOST_CONNECTIONS } from './connections.js';
import type { Connection, Place } from './connections.js';
import { findEnd } from './ends.js';
import { judge } from './place-judge.js';

export interface ExplainParts {
  readonly cluster: string;
  readonly view: ClusterView;
  readonly spans: Spans;
  readonly enforcement: Enforcement;
}

interface Judged {
  readonly egress: JudgedEnd | null;
  readonly ingress: JudgedEnd | null;
  readonly verdict: Verdict;
  readonly connection: Connection;
}

export function explainInCluster(question: ClusterQuestion, parts: ExplainParts, now: number): ClusterAnswer {
  const ends = {
    from: findEnd(question.from, parts.view, parts.cluster),
    to: findEnd(question.to, parts.view, parts.cluster),
  };
  for (const end of ['from', 'to'] as const) {
    const found = ends[end];
    if (found.kind === 'unknown-end' || found.kind === 'ambiguous-end') return { ...found, end };
  }
  const { from, to } = ends as {
    from: Exclude<typeof ends.from, { message: string }>;
    to: Exclude<typeof ends.to, { message: string }>;
  };
  if (from.kind === 'service')
    return {
      kind: 'unknown-end',
      end: 'from',
      message: `${from.name} is a Service: it opens no connections`,
    };
  const judged = connectionsBetween(from, to, question, parts.view).map((each) =>
    judgeConnection(each, question.proto, parts, now),
  );
  const worst = judged.toSorted((a, b) => severity(b) - severity(a))[0]!;
  return {
    kind: 'judged',
    policyVersion: parts.spans.policyVersion,
    revision: parts.spans.currentRevision,
    verdict: worst.verdict,
    egress: worst.egress,
    ingress: worst.ingress,
    notes: notesOn(worst, judged),
  };
}

const SEVERITY: readonly Verdict[] = ['unknown', 'allowed', 'potentially_blocked', 'blocked'];
const severity = ({ verdict }: { readonly verdict: Verdict }): number => SEVERITY.indexOf(verdict);

function judgeConnection(connection: Connection, proto: number, parts: ExplainParts, now: number): Judged {
  const { source, destination, dialled, arrives, isLoopback, judgedByNode } = connection;
  const passes = (direction: Direction): Passing | null =>
    isLoopback ? 'loopback' : direction === 'ingress' ? judgedByNode : null;
  const at = (place: Place | null, direction: Direction, sees: JudgedEnd['sees']): JudgedEnd | null =>
    place && judgeEnd(place, { direction, proto, sees, passes: passes(direction) }, parts, now);
  const egress = at(source, 'egress', dialled);
  const ingress = at(destination, 'ingress', arrives);
  const ends = [egress, ingress].flatMap((end) => end ?? []);
  const judged = ends.toSorted((a, b) => severity(b) - severity(a))[0]?.verdict ?? 'unknown';
  const verdict = connection.dropped === null ? judged : 'blocked';
  return { egress, ingress, verdict, connection };
}

interface Seen {
  readonly direction: Direction;
  readonly proto: number;
  readonly sees: JudgedEnd['sees'];
  readonly passes: Passing | null;
}
type Passing = 'loopback' | NonNullable<Connection['judgedByNode']>;

/** Null: a Pod of a namespace that is not managed. */
function judgeEnd(place: Place, seen: Seen, parts: ExplainParts, now: number): JudgedEnd | null {
  const { direction, proto, sees, passes } = seen;
  const knowledge = parts.enforcement.knowledgeOf(place.node);
  const isElsewhere = passes === 'node-port';
  const packet = { direction, proto, port: sees.port, peer: sees.address, isElsewhere };
  const { mode, unit, evaluation, isOwnPolicy } = judge(place, knowledge, packet);
  if (mode === 'idle' && !isOwnPolicy) return null;
  return {
    name: placeName(place),
    workload: parts.view.endpoint(place.id)?.workload ?? null,
    labels: unit.labelSet.labels,
    mode,
    ...wordsOf(evaluation, mode === 'idle' ? null : passes),
    sees,
    inForce: parts.enforcement.inForce(place, now),
  };
}

const PASSES = { decision: 'passes', verdict: 'allowed', ruleClass: null, ref: null } as const;
const OWN_SERVICE = {
  decision: 'allow',
  verdict: 'allowed',
  ruleClass: 'essential',
  ref: 'essential/own-service',
} as const;

function wordsOf({ decision, verdict, rule }: Evaluation, passes: Passing | null) {
  if (passes === 'loopback') return PASSES;
  if (passes === 'hairpin') return OWN_SERVICE;
  return { decision, verdict, ruleClass: rule?.class ?? null, ref: rule?.ref ?? null };
}

const placeName = (place: Place): string =>
  place.kind === 'pod' ? `${place.namespace}/${place.name}` : place.name;

/** Outside, a ClusterIP is an address like any other, and nobody translates it. */
const FROM_OUTSIDE =
  'a ClusterIP means something on nodes and in their Pods only: judged as if a node had translated it';

function notesOn(shown: Judged, all: readonly Judged[]): string[] {
  const { from, to } = shown.connection.names;
  const others = all.filter(({ verdict }) => verdict !== shown.verdict);
  const [first] = others;
  const differs =
    first === undefined
      ? []
      : [
          `shown is ${from} → ${to}; ${others.length} of ${all.length} pairs are judged otherwise, such as ` +
            `${first.connection.names.from} → ${first.connection.names.to}: ${first.verdict.replaceAll('_', ' ')}`,
        ];
  const isCut = all.length === MOST_CONNECTIONS;
  const isOutside = shown.connection.source === null && shown.connection.isThroughClusterIp;
  return [
    ...(shown.connection.dropped === null ? [] : [shown.connection.dropped]),
    ...differs,
    ...(isOutside ? [FROM_OUTSIDE] : []),
    ...(isCut ? [`only the first ${MOST_CONNECTIONS} pairs of Pods were looked at`] : []),
  ];
}
