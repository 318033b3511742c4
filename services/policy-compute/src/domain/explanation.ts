/**
 * What the policy says about one connection by labels alone: of drafts, which no cluster has, and where the cluster cannot
 * be asked. Addresses of Pods, ClusterIPs and essential rules are the clusters' own knowledge, so the answer says that it
 * is without them.
 */
import type { ExplainRequest, ExplainResponse } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { canonicalAddress } from '@ringfence/policy-engine';
import type { EnforcedEnd, Evaluation, Explanation } from '@ringfence/policy-engine';
import type { z } from 'zod';
import { entitiesNamed } from './entities-named.js';
import type { EntityFact } from './facts.js';
import { isHostName } from './host-names.js';
import { addressEnd, entityEnd, hostEnd, judgedByLabels } from './judged-by-labels.js';
import type { Connection, End, Judgement } from './judged-by-labels.js';
import { isUnallowed, nearestWords } from './nearest-rules.js';
import type { AskedEnd, RuleWorld } from './nearest-rules.js';
import { labelWords, notInForceWords, reasonWords, verdictWords } from './rule-words.js';
import type { StandingPolicy } from './standing-policy.js';

export interface ExplainWorld extends RuleWorld {
  readonly entities: ReadonlyMap<string, EntityFact>;
  readonly policyVersion: number;
  standing(cluster: string): StandingPolicy | undefined;
  ruleName(ref: string): string;
}

type Request = z.infer<typeof ExplainRequest>;
type ShownEnd = NonNullable<ExplainResponse['egress']>;

/** `because`: why it is not the cluster that answers. */
export function explainByLabels(
  request: Request,
  world: ExplainWorld,
  because: string,
): ExplainResponse | Rejection {
  const from = endOf(request.from, world);
  if ('reason' in from) return from;
  const to = endOf(request.to, world);
  if ('reason' in to) return to;
  const packet = { proto: request.proto, port: request.port };
  const judge = (connection: Connection): Judgement =>
    judgedByLabels(connection, (cluster) => world.standing(cluster));
  const { explanation, source, destination } = judge({ from, to, packet });
  const { explanation: inKernel } = judge({ from: nameless(from), to: nameless(to), packet });
  const shown = {
    egress: shownEnd(from, explanation.source, source, world),
    ingress: shownEnd(to, explanation.destination, destination, world),
  };
  const egress = shown.egress && byNameOnly(shown.egress, explanation.source, inKernel.source);
  const ingress = shown.ingress && byNameOnly(shown.ingress, explanation.destination, inKernel.destination);
  const asked = {
    from: askedEnd(from, isUnallowed(egress)),
    to: askedEnd(to, isUnallowed(ingress)),
    proto: request.proto,
    ports: [request.port],
  };
  return {
    verdict: explanation.verdict,
    policyVersion: world.policyVersion,
    egress,
    ingress,
    nearest: isUnallowed(egress) || isUnallowed(ingress) ? nearestWords(asked, world) : [],
    summary: `${summaryOf(explanation, from, to, world)}${notInForceWords([egress, ingress])}`,
    at: null,
    basis: 'control_plane',
    notes: [because, WITHOUT],
  };
}

/** As the kernels have it, which know no host names. */
const nameless = ({ host: _, ...end }: End): End => end;

/** What is so by an entry of a host name alone is so on paper. */
function byNameOnly(end: ShownEnd, judged: Evaluation | null, inKernel: Evaluation | null): ShownEnd {
  if (judged?.rule?.ref === inKernel?.rule?.ref || inKernel === null) return end;
  const message = `host names of IP lists are not enforced yet: in the kernel it is ${verdictWords(inKernel.verdict)}`;
  return { ...end, inForce: { state: 'no', node: null, mode: null, since: null, message } };
}

const askedEnd = ({ entity, token, host }: End, lacksRule: boolean): AskedEnd => ({
  ...{ lacksRule, host },
  labels: entity?.labels ?? [],
  workload: entity?.id ?? null,
  address: canonicalAddress(token),
});

/** Of whatever is judged without the cluster. */
export const WITHOUT =
  'judged by labels alone: without addresses of Pods, ClusterIPs, essential rules, NetworkPolicies, and what rules that mean Services open behind them; an IP list counts for an end whose address is not known here only if it holds every address';

function endOf(text: string, world: ExplainWorld): End | Rejection {
  const candidates = entitiesNamed(text, world);
  const address = canonicalAddress(text);
  const [only] = candidates;
  if (address !== null)
    return only === undefined ? addressEnd(address) : { ...entityEnd(only), token: address };
  if (only === undefined && isHostName(text)) return hostEnd(text);
  if (only === undefined) {
    const message = `"${text}" is no known workload: give its id, namespace/name, a node's or host's name, a host name with its domain, or an address`;
    return reject('not-found-error', message, 'NOT_FOUND');
  }
  if (candidates.length > 1) {
    const which = candidates
      .map((entity) => `${entity.kind} ${entity.id} (cluster ${entity.cluster})`)
      .join(', ');
    return reject('input-validation-error', `"${text}" may be ${which}: give the id`, 'INVALID_ARGUMENT');
  }
  return entityEnd(only);
}

function shownEnd(
  end: End,
  evaluation: Evaluation | null,
  enforcedEnd: EnforcedEnd | null,
  world: ExplainWorld,
): ExplainResponse['egress'] {
  if (evaluation === null || enforcedEnd === null || end.entity === null) return null;
  const { verdict } = evaluation;
  const mode = enforcedEnd.mode ?? 'idle';
  const ruleClass = evaluation.rule?.class ?? null;
  const rule = evaluation.rule && { ref: evaluation.rule.ref, name: world.ruleName(evaluation.rule.ref) };
  const labels = end.entity.labels.map((id) => labelWords(id, world.labels));
  const reason = reasonWords({ mode, verdict, ruleClass, rule: rule?.name ?? null });
  return {
    ...{ name: end.name, workload: end.entity.id, labels, origins: [], refused: [] },
    ...{ mode, verdict, ruleClass, rule, reason, sees: null, inForce: null },
  };
}

function summaryOf({ reason, verdict }: Explanation, from: End, to: End, world: ExplainWorld): string {
  const connection = `${from.name} → ${to.name}`;
  switch (reason.kind) {
    case 'not-enforced':
      return `${connection}: neither end is enforced`;
    case 'allowed':
      return `${connection}: allowed by ${[...new Set(reason.rules.map((rule) => world.ruleName(rule.ref)))].join(' and ')}`;
    case 'denied':
      return `${connection}: ${verdictWords(verdict)}, denied at the ${reason.end} by ${world.ruleName(reason.rule.ref)}`;
    case 'rule-missing':
      return `${connection}: ${verdictWords(verdict)}, no rule allows it at the ${reason.ends.join(' and the ')}`;
  }
}
