/** What a cluster judged, in the words of the API: names of rules and labels are the control plane's knowledge. */
import type { ClusterAnswer, ExplainRequest, ExplainResponse, JudgedEnd } from '@ringfence/contracts';
import type { z } from 'zod';
import { entitiesNamed } from './entities-named.js';
import type { EntityFact } from './facts.js';
import { isUnallowed, nearestWords } from './nearest-rules.js';
import type { AskedConnection, AskedEnd, RuleWorld } from './nearest-rules.js';
import { labelWords, notInForceWords, reasonWords, ruleWords, verdictWords } from './rule-words.js';
import { canonicalAddress } from '@ringfence/policy-engine';

export type Judged = Extract<ClusterAnswer, { kind: 'judged' }>;
export interface Names extends RuleWorld {
  readonly entities: ReadonlyMap<string, EntityFact>;
  ruleName(ref: string): string;
}
type End = NonNullable<ExplainResponse['egress']>;

export function explanationOf(
  answer: Judged,
  asked: z.output<typeof ExplainRequest>,
  names: Names,
): ExplainResponse {
  const egress = answer.egress && endOf(answer.egress, names);
  const ingress = answer.ingress && endOf(answer.ingress, names);
  const { verdict, policyVersion, notes } = answer;
  const connection = `${asked.from} → ${asked.to}`;
  const summary = `${connection}: ${summaryOf(answer, { egress, ingress })}${notInForceWords([egress, ingress])}`;
  const isUndecided = isUnallowed(egress) || isUnallowed(ingress);
  const nearest = isUndecided ? nearestWords(connectionOf(answer, asked, names), names) : [];
  return { verdict, policyVersion, egress, ingress, summary, at: null, basis: 'cluster', notes, nearest };
}

/** Each end is what the other one sees, as far as anybody looks. */
function connectionOf(
  { egress, ingress }: Judged,
  { from, to, proto, port }: z.output<typeof ExplainRequest>,
  names: Names,
): AskedConnection {
  const endOf = (text: string, own: JudgedEnd | null, other: JudgedEnd | null): AskedEnd => {
    const [entity = null] = entitiesNamed(text, names);
    return {
      ...(own === null ? whoseOf(entity) : { labels: own.labels, workload: workloadOf(own, entity) }),
      address: other?.sees.address ?? canonicalAddress(text),
      lacksRule: own?.ref === null,
    };
  };
  const ports = [port, ...(ingress === null ? [] : [ingress.sees.port])];
  return { from: endOf(from, egress, ingress), to: endOf(to, ingress, egress), proto, ports };
}

const whoseOf = (entity: EntityFact | null): Pick<AskedEnd, 'labels' | 'workload'> => ({
  labels: entity?.labels ?? [],
  workload: entity?.id ?? null,
});

const workloadOf = ({ workload, name }: JudgedEnd, entity: EntityFact | null): string =>
  entity?.id ?? workload ?? name;

function endOf(end: JudgedEnd, { labels, ruleName }: Names): End {
  const { name, mode, verdict, ruleClass, ref, decision, sees, inForce } = end;
  const rule = ref === null ? null : { ref, name: ruleWords(ref, ruleName) };
  const reason =
    decision === 'passes'
      ? 'it never leaves its network namespace: nothing is asked'
      : reasonWords({ mode, verdict, ruleClass, rule: rule?.name ?? null });
  const isIpv6 = sees.address.includes(':');
  return {
    name,
    workload: end.workload ?? null,
    labels: end.labels.map((id) => labelWords(id, labels)),
    origins: [],
    refused: [],
    mode,
    verdict,
    ruleClass,
    rule,
    reason,
    sees: `${isIpv6 ? `[${sees.address}]` : sees.address}:${sees.port}`,
    inForce,
  };
}

function summaryOf(
  { verdict, notes }: Judged,
  ends: { readonly egress: End | null; readonly ingress: End | null },
): string {
  const told = [ends.egress, ends.ingress].filter(
    (end): end is End => end !== null && end.verdict !== 'unknown',
  );
  const deciding = told.filter((end) => end.verdict === verdict);
  // No policy decided that: what did is the first thing to know of it.
  if (verdict === 'blocked' && deciding.length === 0) return `blocked: ${notes[0] ?? 'nobody takes it'}`;
  if (told.length === 0) return 'neither end is enforced';
  const rules = [...new Set(told.flatMap(({ rule }) => rule?.name ?? []))];
  if (verdict === 'allowed') return rules.length === 0 ? 'allowed' : `allowed by ${rules.join(' and ')}`;
  const places = deciding.map((end) => (end === ends.egress ? 'source' : 'destination'));
  const denying = deciding.find(({ rule }) => rule !== null);
  return denying === undefined
    ? `${verdictWords(verdict)}, no rule allows it at the ${places.join(' and the ')}`
    : `${verdictWords(verdict)}, denied at the ${denying === ends.egress ? 'source' : 'destination'} by ${denying.rule!.name}`;
}
