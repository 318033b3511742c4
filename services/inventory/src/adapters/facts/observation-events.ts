/** Verdicts on observed objects → events, and what the end of a node means for its workload. */
import type { Actor, AgentRefusal, KubernetesWorkloadState, NamespaceState } from '@ringfence/contracts';
import { isRejection } from '@ringfence/decider';
import { entitiesIn } from '@ringfence/event-store';
import type { AppendBatch, Document } from '@ringfence/event-store';
import type pg from 'pg';
import type { EntityManager, EntitySchema } from 'typeorm';
import type { Verdict } from '../../domain/observed-object.calculator.js';
import { AgentEntity } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { NodeAckEntity, WorkloadAckEntity } from '../../read/acks.js';
import { NotInForceEntity } from '../../read/enforcement.js';
import { workloads } from '../../read/inventory-documents.js';
import type { Workload, WorkloadCommand } from '../../domain/workload.decider.js';
import { workloadDecider } from '../../domain/workload.decider.js';
import { streamOf } from '../stream-names.js';
import type { ObservedRow } from './observed.store.js';

const VERBS = { appeared: 'Discovered', changed: 'Changed', vanished: 'Vanished' } as const;

function batch(
  stream: string,
  cluster: string,
  event: { type: string; data: unknown },
  actor: Actor = { kind: 'container_cluster', id: cluster },
): AppendBatch {
  return { stream, expectedVersion: 'any', events: [event], meta: { actor, cluster } };
}

export function eventsOf(row: ObservedRow, verdict: Verdict): AppendBatch[] {
  if (verdict === 'same' || verdict === 'stale') return [];
  const verb = VERBS[verdict];
  if (row.kind === 'namespace') {
    const state = row.body as NamespaceState;
    const data = verdict === 'vanished' ? { cluster: state.cluster, name: state.name } : state;
    return [
      batch(streamOf.namespace(row.cluster, state.name), row.cluster, { type: `Namespace${verb}`, data }),
    ];
  }
  if (row.kind === 'workload') {
    const state = row.body as KubernetesWorkloadState;
    const data = verdict === 'vanished' ? { id: state.id } : state;
    return [
      batch(streamOf.kubernetesWorkload(state.id), row.cluster, { type: `KubernetesWorkload${verb}`, data }),
    ];
  }
  return [];
}

/** Of the control plane, one at most. */
export async function workloadsOf(
  entities: EntityManager,
  cluster: string,
  node: string,
): Promise<Document<Workload>[]> {
  const ofName = await workloads.having(entities, 'node', [node]);
  return ofName.filter((each) => each.cluster === cluster);
}

/** Runs inside the queue of one, so that the read model is the aggregate's current state. */
export async function commandOnNode(
  tx: pg.PoolClient,
  { cluster, node }: Pick<AgentRow, 'cluster' | 'node'>,
  command: WorkloadCommand,
  actor?: Actor,
): Promise<AppendBatch[]> {
  const onNode = await workloadsOf(entitiesIn(tx), cluster, node);
  return onNode.flatMap(({ body }) => {
    const decision = workloadDecider.decide({ workload: body, isDeleted: false }, command);
    return isRejection(decision)
      ? []
      : decision.map((event) => batch(streamOf.workload(body.id), cluster, event, actor));
  });
}

/** Whether the control plane has the node as one of its workloads. */
export async function isPaired(tx: pg.PoolClient, cluster: string, node: string): Promise<boolean> {
  return (await workloadsOf(entitiesIn(tx), cluster, node)).length > 0;
}

/** For the audit: nothing is decided by it. */
export function agentRefused(cluster: string, refusal: AgentRefusal): AppendBatch[] {
  const stream = streamOf.agent(cluster, refusal.node);
  return [batch(stream, cluster, { type: 'AgentRefused', data: { ...refusal, cluster } })];
}

const OF_NODE: readonly EntitySchema[] = [AgentEntity, NodeAckEntity, WorkloadAckEntity, NotInForceEntity];

/** The node is gone, or its agent has unpaired itself: the workload goes, and the agent is no longer expected. */
export async function nodeGone(tx: pg.PoolClient, cluster: string, node: string): Promise<AppendBatch[]> {
  for (const entity of OF_NODE) await entitiesIn(tx).delete(entity, { cluster, node });
  return commandOnNode(tx, { cluster, node }, { type: 'node-gone' });
}
