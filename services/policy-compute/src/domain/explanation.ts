/**
 * What the policy says about one connection by labels alone: of drafts, which no cluster has, and where the cluster cannot
 * be asked. Addresses of Pods, ClusterIPs and essential rules are the clusters' own knowledge, so the answer says that it
 * is without them.
 */
import type { EnforcementMode, ExplainRequest, ExplainResponse, Group, Unit } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { labelSetId } from '@ringfence/labels';
import { canonicalAddress, CidrSet, explain } from '@ringfence/policy-engine';
import type { EnforcedEnd, Evaluation, Explanation, PeerLookup } from '@ringfence/policy-engine';
import type { z } from 'zod';
import type { EntityFact, LabelFact } from './facts.js';
import { labelWords } from './cluster-explanation.js';
import { reasonWords, verdictWords } from './rule-words.js';
import type { StandingPolicy } from './standing-policy.js';

export interface ExplainWorld {
  readonly entities: ReadonlyMap<string, EntityFact>;
  readonly labels: ReadonlyMap<string, LabelFact>;
  readonly policyVersion: number;
  standing(cluster: string): StandingPolicy | undefined;
  ruleName(ref: string): string;
}

/** One end of the question: an entity, or an address that belongs to none. */
interface End {
  readonly entity: EntityFact | null;
  /** An address, or the entity's id where it has none that is known here. */
  readonly token: string;
  readonly name: string;
}

type Request = z.infer<typeof ExplainRequest>;

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
  const source = enforced(from, world);
  const destination = enforced(to, world);
  const explanation = explain({
    packet: { proto: request.proto, port: request.port },
    sourceAddress: `from:${from.token}`,
    destinationAddress: `to:${to.token}`,
    source,
    destination,
    members: membersFor(from, to, world),
  });
  return {
    verdict: explanation.verdict,
    policyVersion: world.policyVersion,
    egress: shownEnd(from, explanation.source, source, world),
    ingress: shownEnd(to, explanation.destination, destination, world),
    summary: summaryOf(explanation, from, to, world),
    basis: 'control_plane',
    notes: [because, WITHOUT],
  };
}

const WITHOUT =
  'judged by labels alone: without addresses of Pods, ClusterIPs and essential rules; an IP list counts for an end whose address is not known here only if it holds every address';

export type KnownEntities = Pick<ExplainWorld, 'entities'>;

/** Everything that the text may mean here. */
export function entitiesNamed(text: string, { entities: known }: KnownEntities): EntityFact[] {
  const byId = known.get(text);
  if (byId !== undefined) return [byId];
  const entities = [...known.values()];
  const address = canonicalAddress(text);
  if (address !== null) return entities.filter((entity) => entity.addresses.includes(address)).slice(0, 1);
  const slash = text.indexOf('/');
  const found = entities.filter((entity) =>
    slash < 0
      ? entity.namespace === null && entity.name === text
      : entity.namespace === text.slice(0, slash) && entity.name === text.slice(slash + 1),
  );
  // A Service in front of a workload often has its name: the workload is meant.
  const meant = found.filter((entity) => entity.class === 'pod');
  return meant.length > 0 ? meant : found;
}

function endOf(text: string, world: ExplainWorld): End | Rejection {
  const candidates = entitiesNamed(text, world);
  const address = canonicalAddress(text);
  const [only] = candidates;
  if (address !== null)
    return only === undefined
      ? { entity: null, token: address, name: address }
      : { ...entityEnd(only), token: address };
  if (only === undefined) {
    const message = `"${text}" is no known workload: give its id, namespace/name, a node's or host's name, or an address`;
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

function entityEnd(entity: EntityFact): End {
  const name = entity.namespace === null ? entity.name : `${entity.namespace}/${entity.name}`;
  return { entity, token: entity.addresses[0] ?? entity.id, name };
}

/** Null for an end that nobody enforces: addresses, unmanaged workloads, Services. */
function enforced({ entity }: End, world: ExplainWorld): (EnforcedEnd & { readonly unit: Unit }) | null {
  const unit = entity === null ? undefined : world.standing(entity.cluster)?.unit(labelSetId(entity));
  if (entity === null || unit === undefined) return null;
  const mode: EnforcementMode = entity.class === 'node' ? entity.mode : unit.mode;
  return { unit, mode, workload: entity.id, hostAddresses: new Set() };
}

/** The source asks about the destination in its cluster's groups, and the reverse; which of them asks, the prefix says. */
function membersFor(from: End, to: End, world: ExplainWorld): PeerLookup {
  return {
    contains: (id, address) => {
      const isAskedBySource = address.startsWith('to:');
      const [asking, peer] = isAskedBySource ? [from, to] : [to, from];
      const group =
        asking.entity === null ? undefined : world.standing(asking.entity.cluster)?.groups.get(id);
      return group !== undefined && holds(group, peer);
    },
  };
}

function holds(group: Group, { entity, token }: End): boolean {
  if (
    entity !== null &&
    (group.labelSets.includes(labelSetId(entity)) || group.workloads.includes(entity.id))
  )
    return true;
  // An entity whose address is not known here has one all the same: lists of everything hold it.
  const isKnown = canonicalAddress(token) !== null;
  return isKnown ? new CidrSet(group.cidrs).contains(token) : group.cidrs.includes('0.0.0.0/0');
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
  return { name: end.name, labels, mode, verdict, ruleClass, rule, reason, sees: null, inForce: null };
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
