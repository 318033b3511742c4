/** A moment of the past, as far as events say it: what the policy is computed with, and what was not in force. */
import type { CALLS, ExplainResponse, InForce } from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import type { z } from 'zod';
import type { EntityFact, FactChange, LabelFact, ProfileFact } from './facts.js';

export type Alarm = z.output<(typeof CALLS)['alarmsAt']['response']>['alarms'][number];

/** Of the ends alone: nobody else's labels have a say in what goes between them. */
export function factsOf(entities: readonly EntityFact[], labels: Iterable<LabelFact>): FactChange[] {
  const change = { position: 0, cluster: GLOBAL };
  return [
    ...[...labels].map((state) => ({ ...change, kind: 'label' as const, id: state.id, state })),
    ...entities
      .flatMap(profileOf)
      .map((state) => ({ ...change, kind: 'profile' as const, id: state.id, state })),
    ...entities.map((state) => ({ ...change, kind: 'entity' as const, id: state.id, state })),
  ];
}

/** An entity says the mode that the profile of its namespace had. */
function profileOf({ id, cluster, namespace, mode }: EntityFact): ProfileFact[] {
  return namespace === null ? [] : [{ id, cluster, namespace, managed: true, mode }];
}

const NOT_KEPT =
  'what each node had acknowledged, and on which node and at which address a Pod was, is not kept: only alarms are, of what was not in force for longer than 5 s';
/** Nobody hears of it: what its kernel has is not known. */
const OF_SILENCE = new Set(['node_silent', 'clas_cache_silent']);
const MOST_NODES_NAMED = 5;

/** `alarms` null: nobody could be asked. */
export function withAlarms(
  answer: ExplainResponse,
  entities: ReadonlyMap<string, EntityFact>,
  alarms: readonly Alarm[] | null,
): ExplainResponse {
  if (alarms === null)
    return { ...answer, notes: [...answer.notes, 'inventory could not be asked for alarms of that time'] };
  const told = (end: ExplainResponse['egress']): ExplainResponse['egress'] => {
    const entity = entities.get(end?.workload ?? '');
    return end && entity ? { ...end, inForce: inForceThen(entity, alarms) ?? end.inForce } : end;
  };
  const nodes = alarms.filter(({ scope }) => scope === 'node');
  const named = nodes
    .slice(0, MOST_NODES_NAMED)
    .map(({ name, reasons }) => `${name} (${messagesOf(reasons)})`);
  const more = nodes.length > named.length ? ` and ${nodes.length - named.length} more` : '';
  const behind = nodes.length === 0 ? [] : [`then not in force on ${named.join(', ')}${more}`];
  return {
    ...answer,
    egress: told(answer.egress),
    ingress: told(answer.ingress),
    notes: [...answer.notes, ...behind, NOT_KEPT],
  };
}

function inForceThen(entity: EntityFact, alarms: readonly Alarm[]): InForce | null {
  const own = alarms.find(({ cluster, scope, id }) => {
    if (cluster !== entity.cluster) return false;
    return scope === 'cluster' || id === (scope === 'node' ? entity.node : entity.id);
  });
  if (own === undefined) return null;
  const { scope, id, since, reasons } = own;
  const isSilent = reasons.every(({ token }) => OF_SILENCE.has(token));
  return {
    ...{ state: isSilent ? 'unknown' : 'no', node: scope === 'node' ? id : null, mode: null, since },
    message: messagesOf(reasons),
  };
}

const messagesOf = (reasons: Alarm['reasons']): string => reasons.map(({ message }) => message).join('; ');
