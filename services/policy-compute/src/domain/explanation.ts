/**
 * What the policy says about one connection, and why, in words. Ends are entities that are known by labels or mere
 * addresses; the addresses of Pods are the clusters' own knowledge, so a Pod is asked about as what it is labelled.
 */
import type { EnforcementMode, ExplainRequest, ExplainResponse, Group, Unit } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { labelSetId } from '@ringfence/labels';
import { canonicalAddress, CidrSet, explain } from '@ringfence/policy-engine';
import type { EnforcedEnd, Evaluation, Explanation, PeerLookup } from '@ringfence/policy-engine';
import type { z } from 'zod';
import type { EntityFact, LabelFact } from './facts.js';
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

export function explainConnection(request: Request, world: ExplainWorld): ExplainResponse | Rejection {
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
  };
}

function endOf(text: string, world: ExplainWorld): End | Rejection {
  const byId = world.entities.get(text);
  if (byId !== undefined) return entityEnd(byId);
  const address = canonicalAddress(text);
  const entities = [...world.entities.values()];
  if (address !== null) {
    const owner = entities.find((entity) => entity.addresses.includes(address));
    return owner === undefined
      ? { entity: null, token: address, name: address }
      : { ...entityEnd(owner), token: address };
  }
  const slash = text.indexOf('/');
  const found =
    slash < 0
      ? entities.filter((entity) => entity.namespace === null && entity.name === text)
      : entities.filter(
          (entity) => entity.namespace === text.slice(0, slash) && entity.name === text.slice(slash + 1),
        );
  // A Service in front of a workload often has its name: the workload is meant.
  const meant = found.filter((entity) => entity.class === 'pod');
  const candidates = meant.length > 0 ? meant : found;
  const [only] = candidates;
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
  const unit = entity === null ? undefined : world.standing(entity.cluster)?.units.get(labelSetId(entity));
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
  const { rule } = evaluation;
  return {
    name: end.name,
    labels: end.entity.labels.map((id) => labelText(id, world)),
    mode: enforcedEnd.mode ?? null,
    verdict: evaluation.verdict,
    ruleClass: rule?.class ?? null,
    rule: rule === null ? null : { ref: rule.ref, name: world.ruleName(rule.ref) },
    reason: reasonAt(evaluation, enforcedEnd.mode ?? 'idle', world),
  };
}

function labelText(id: string, world: ExplainWorld): string {
  const label = world.labels.get(id);
  return label === undefined ? `label ${id}` : `${label.key}=${label.value}`;
}

function reasonAt(
  { decision, rule, verdict }: Evaluation,
  mode: EnforcementMode,
  world: ExplainWorld,
): string {
  if (mode === 'idle') return 'idle: nothing is programmed at this end';
  if (rule !== null)
    return `${decision === 'allow' ? 'allowed' : 'denied'} by ${world.ruleName(rule.ref)}${verdict === 'potentially_blocked' ? `, not enforced in ${mode}` : ''}`;
  return `no rule allows it; ${mode} ${verdict === 'blocked' ? 'drops it' : 'lets it pass and reports it'}`;
}

function summaryOf({ reason, verdict }: Explanation, from: End, to: End, world: ExplainWorld): string {
  const connection = `${from.name} → ${to.name}`;
  switch (reason.kind) {
    case 'not-enforced':
      return `${connection}: neither end is enforced`;
    case 'allowed':
      return `${connection}: allowed by ${[...new Set(reason.rules.map((rule) => world.ruleName(rule.ref)))].join(' and ')}`;
    case 'denied':
      return `${connection}: ${verdict.replaceAll('_', ' ')}, denied at the ${reason.end} by ${world.ruleName(reason.rule.ref)}`;
    case 'rule-missing':
      return `${connection}: ${verdict.replaceAll('_', ' ')}, no rule allows it at the ${reason.ends.join(' and the ')}`;
  }
}
