/** Alarms as they are open now → events of those that begin and end. */
import type { Actor } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { AppendBatch, EventStore } from '@ringfence/event-store';
import type pg from 'pg';
import { alarmChanges, alarmsOf } from '../../domain/enforcement-alarms.calculator.js';
import type { Alarm } from '../../domain/enforcement-alarms.calculator.js';
import { closeAlarm, notInForceRows, openAlarm, openAlarms } from '../../read/enforcement.js';
import { streamOf } from '../stream-names.js';
import { SYSTEM } from '../system-actor.js';

/** What the cluster's rows call for; its own silence is not in them. */
export async function changeAlarms(store: EventStore, tx: pg.PoolClient, cluster: string): Promise<void> {
  const open = (await openAlarms(entitiesIn(tx), cluster)).filter(({ scope }) => scope !== 'cluster');
  const { lost, restored } = alarmChanges(open, alarmsOf(await notInForceRows(entitiesIn(tx), cluster)));
  await writeAlarms(store, tx, { lost, restored });
}

export async function writeAlarms(
  store: EventStore,
  tx: pg.PoolClient,
  { lost, restored }: { readonly lost: readonly Alarm[]; readonly restored: readonly Alarm[] },
): Promise<void> {
  for (const alarm of lost) await openAlarm(entitiesIn(tx), alarm);
  for (const alarm of restored) await closeAlarm(entitiesIn(tx), alarm);
  const batches = [
    ...lost.map((alarm) => batch(alarm, 'EnforcementLost', alarm)),
    ...restored.map((alarm) => batch(alarm, 'EnforcementRestored', endOf(alarm))),
  ];
  if (batches.length > 0) await store.appendIn(tx, batches, { actor: SYSTEM, cluster: 'global' });
}

const endOf = ({ cluster, scope, id, name, namespace, since }: Alarm): object => ({
  ...{ cluster, scope, id, name, namespace, since },
});

function batch({ cluster, scope, id }: Alarm, type: string, data: unknown): AppendBatch {
  const actor: Actor = { kind: 'container_cluster', id: cluster };
  const stream = streamOf.enforcement(cluster, scope, id);
  return { stream, expectedVersion: 'any', events: [{ type, data }], meta: { actor, cluster } };
}
