/**
 * Facts of the edges → events. A batch is one transaction: objects as last seen and the events of their real changes
 * are written together, so a repeated batch finds nothing new. List markers sweep what vanished between two lists.
 */
import { PermanentError } from '@ringfence/bus';
import type { BusMetrics, Message } from '@ringfence/bus';
import { OBSERVATIONS, parseSubject } from '@ringfence/contracts';
import type {
  KubernetesWorkloadState,
  ListCompleted,
  ObservationKind,
  SeenFromOutside,
} from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { AppendBatch, EventStore, OneAtATime } from '@ringfence/event-store';
import type pg from 'pg';
import type { EntitySchema } from 'typeorm';
import type { Verdict } from '../../domain/observed-object.calculator.js';
import { judgeObservation, remembered } from '../../domain/observed-object.calculator.js';
import { ConvergenceEntity, NodeAckEntity, WorkloadAckEntity } from '../../read/acks.js';
import { AgentEntity, ClusterSeenEntity } from '../../read/agents.js';
import { NotInForceEntity, PulseEntity } from '../../read/enforcement.js';
import { outsideTold } from '../../read/outside.js';
import { SuspensionEntity } from '../../read/suspensions.js';
import { liveClusters } from './agents.consumer.js';
import { noteClusterSeen } from './agents.store.js';
import { eventsOf, nodeGone } from './observation-events.js';
import { isObject, observedRowOf } from './observed-object.js';
import type { ObjectObservation } from './observed-object.js';
import {
  countOf,
  epochsOf,
  leftovers,
  loadObserved,
  noteEpoch,
  ObservationEpochEntity,
  ObservedEntity,
  rowId,
  saveObserved,
  scopesIn,
  scopesOf,
} from './observed.store.js';
import type { ObservedRow } from './observed.store.js';
import { withOutside } from './outside-watch.js';
import { SYSTEM } from '../system-actor.js';

interface Observation {
  readonly cluster: string;
  readonly kind: ObservationKind;
  readonly payload: unknown;
}

export interface ObservationParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly metrics: BusMetrics;
}

export function observationsConsumer({
  store,
  oneAtATime,
  metrics,
}: ObservationParts): (messages: readonly Message[]) => Promise<void> {
  const verdicts = metrics.counter('inventory_observations_total', 'Observed objects by what they changed');
  return async (messages) => {
    const observations = messages.flatMap(parse);
    if (observations.length === 0) return;
    const counts = new Map<Verdict, number>();
    await oneAtATime(() => store.transaction((tx) => takeIn(store, tx, observations, counts)));
    for (const [verdict, count] of counts) verdicts.add(count, { verdict });
  };
}

function parse(message: Message): Observation[] {
  const { cluster, kind } = parseSubject(message.subject);
  // Pods are the clusters' own business.
  if (kind === 'pod' || !Object.hasOwn(OBSERVATIONS, kind)) return [];
  const result = OBSERVATIONS[kind as ObservationKind].safeParse(message.payload);
  if (!result.success)
    throw new PermanentError(
      'bad-observation',
      `${message.subject}: ${result.error.issues[0]?.message ?? 'malformed'}`,
    );
  return [{ cluster, kind: kind as ObservationKind, payload: result.data }];
}

async function takeIn(
  store: EventStore,
  tx: pg.PoolClient,
  observations: readonly Observation[],
  counts: Map<Verdict, number>,
): Promise<void> {
  const clusters = await liveClusters(tx, observations);
  const batches: AppendBatch[] = [];
  let objects: ObjectObservation[] = [];
  const takeObjects = async (): Promise<void> => {
    batches.push(...(await changesOf(tx, objects, counts)));
    objects = [];
  };
  for (const observation of observations) {
    // A cluster that was deleted may still talk for a moment.
    if (!clusters.has(observation.cluster)) continue;
    if (isObject(observation)) objects.push(observation);
    else {
      await takeObjects();
      batches.push(...(await takeOther(tx, observation)));
    }
  }
  await takeObjects();
  await store.appendIn(tx, batches, { actor: SYSTEM, cluster: 'global' });
}

async function takeOther(tx: pg.PoolClient, { cluster, kind, payload }: Observation): Promise<AppendBatch[]> {
  switch (kind) {
    case 'list':
      return sweep(tx, cluster, payload as ListCompleted);
    case 'cluster':
      await noteClusterSeen(entitiesIn(tx), cluster, OBSERVATIONS.cluster.parse(payload));
      return [];
    default:
      return [];
  }
}

async function changesOf(
  tx: pg.PoolClient,
  observations: readonly ObjectObservation[],
  counts: Map<Verdict, number>,
): Promise<AppendBatch[]> {
  if (observations.length === 0) return [];
  const entities = entitiesIn(tx);
  const seen = observations.map(observedRowOf);
  const known = await loadObserved(tx, seen);
  const outside = await outsideOf(tx, seen);
  const epochs = new Map<string, Map<string, number>>();
  const changed = new Map<string, ObservedRow>();
  const batches: AppendBatch[] = [];
  for (const row of seen) {
    const list = `${row.cluster}/${row.scope}`;
    const order = await noteEpoch(
      entities,
      row,
      row.epoch,
      epochs.get(list) ?? (await epochsOf(entities, row)),
    );
    epochs.set(list, order);
    const before = known.get(rowId(row)) ?? null;
    const verdict = judgeObservation(before, row, order);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const after = remembered(before, row, verdict);
    if (after !== null && after !== before) {
      const kept: ObservedRow = { ...row, ...after };
      known.set(rowId(row), kept);
      changed.set(rowId(row), kept);
    }
    batches.push(...(await consequences(tx, seenAs(row, outside), verdict)));
  }
  await saveObserved(tx, [...changed.values()]);
  return batches;
}

/** How other clusters see these workloads; no observation says that. */
async function outsideOf(
  tx: pg.PoolClient,
  seen: readonly ObservedRow[],
): Promise<Map<string, SeenFromOutside>> {
  const ids = seen.flatMap((row) =>
    row.kind === 'workload' ? [(row.body as KubernetesWorkloadState).id] : [],
  );
  const told = ids.length === 0 ? [] : await outsideTold(tx, ids);
  return new Map(told.flatMap(({ id, outside }) => (outside === null ? [] : [[id, outside] as const])));
}

function seenAs(row: ObservedRow, outside: ReadonlyMap<string, SeenFromOutside>): ObservedRow {
  if (row.kind !== 'workload') return row;
  const body = row.body as KubernetesWorkloadState;
  return { ...row, body: withOutside(body, outside.get(body.id)) };
}

async function consequences(tx: pg.PoolClient, row: ObservedRow, verdict: Verdict): Promise<AppendBatch[]> {
  if (row.kind === 'node') return verdict === 'vanished' ? nodeGone(tx, row.cluster, row.key) : [];
  return eventsOf(row, verdict);
}

async function sweep(tx: pg.PoolClient, cluster: string, marker: ListCompleted): Promise<AppendBatch[]> {
  if (marker.isPartial === true) return [];
  const entities = entitiesIn(tx);
  const scopes = await scopesOf(entities, cluster, marker.kind);
  for (const scope of scopes) {
    const list = { cluster, scope };
    const order = await noteEpoch(entities, list, marker.epoch, await epochsOf(entities, list));
    // The end of a list that a later one has overtaken.
    if ((order.get(marker.epoch) ?? 0) < Math.max(...order.values())) return [];
  }
  const listed = await countOf(entities, cluster, scopes, marker.epoch);
  if (listed < marker.count) {
    // Sweeping now would end what is alive. The marker goes to the dead letters; the next list sweeps.
    const words = `list ${marker.epoch} of ${marker.kind} names ${marker.count} objects, ${listed} have arrived`;
    throw new PermanentError('list-incomplete', words);
  }
  return vanish(tx, await leftovers(entities, cluster, scopes, marker.epoch), marker.epoch);
}

const OF_CLUSTER: readonly EntitySchema[] = [
  ...[ObservedEntity, ObservationEpochEntity, ClusterSeenEntity, AgentEntity],
  ...[NodeAckEntity, WorkloadAckEntity, ConvergenceEntity, NotInForceEntity, PulseEntity, SuspensionEntity],
];

/** Everything that was observed of a cluster ends, because the cluster does. */
export async function forgetCluster(tx: pg.PoolClient, cluster: string): Promise<AppendBatch[]> {
  const entities = entitiesIn(tx);
  const alive = await leftovers(entities, cluster, await scopesIn(entities, cluster), null);
  const batches = await vanish(tx, alive, '');
  for (const entity of OF_CLUSTER) await entities.delete(entity, { cluster });
  return batches;
}

/** Gone as of that list: nothing older is believed again, anything of that list is. */
async function vanish(
  tx: pg.PoolClient,
  rows: readonly ObservedRow[],
  epoch: string,
): Promise<AppendBatch[]> {
  const batches: AppendBatch[] = [];
  for (const row of rows) batches.push(...(await consequences(tx, row, 'vanished')));
  await saveObserved(
    tx,
    rows.map((row) => ({ ...row, gone: true, epoch, resourceVersion: '0' })),
  );
  return batches;
}
