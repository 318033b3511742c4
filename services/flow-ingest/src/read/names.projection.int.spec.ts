import { randomUUID } from 'node:crypto';
import { eventOf } from '@ringfence/bus';
import { EVENTS } from '@ringfence/contracts';
import type { Envelope, EventType } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { releasedEvents } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMES } from '../manifest.js';
import { startDatabase } from '../testing/database.js';
import type { StartedDatabase } from '../testing/database.js';
import { CLUSTER } from '../testing/flow-batch.builder.js';
import { labelsOfGroup, readNames, rememberName } from './names.projection.js';

let started: StartedDatabase;
let database: EventStore;
beforeAll(async () => {
  started = await startDatabase();
  ({ database } = started);
});
afterAll(() => started.close());

// After those of the released events.
let position = 1_000;
async function event(type: EventType, data: Record<string, unknown>): Promise<void> {
  position += 1;
  const stream = `${EVENTS[type].entity}-${String(data['id'])}`;
  const envelope: Envelope = {
    ...{ id: randomUUID(), type, v: 1, stream, version: 1, position },
    ...{ at: '2026-11-20T09:00:00Z', cluster: 'global', actor: { kind: 'system', id: 'spec' } },
    data,
  };
  await database.transaction((tx) => rememberName(tx, envelope));
}
const drafted = (type: string, object: Record<string, unknown>): Promise<void> =>
  event('PolicyObjectDrafted', { type, id: object['id'], updateType: 'create', object });
const provisioned = (type: string, id: string): Promise<void> =>
  event('PolicyProvisioned', { version: '3', note: '', changes: [{ type, id, updateType: 'create' }] });

describe('the names that flows are shown with', () => {
  it('are read from every version of their events that was ever released', async () => {
    for (const message of releasedEvents([NAMES.filter]))
      await database.transaction((tx) => rememberName(tx, eventOf(message)));
    // A deleted label stays: flows of the past carry it.
    expect((await readNames(database.entities)).labels.size).toBe(1);
  });

  it('are the labels and clusters as they were called last', async () => {
    for (const value of ['web', 'www'])
      await event(value === 'web' ? 'LabelCreated' : 'LabelChanged', {
        ...{ id: '11', key: 'role', value },
        ...{ externalDataSet: null, externalDataReference: null },
      });
    await event('ContainerClusterCreated', { id: CLUSTER, name: 'lab', description: '' });
    const { labels, clusters } = await readNames(database.entities);
    expect(labels.get('11')).toEqual({ key: 'role', value: 'www' });
    expect(clusters.get(CLUSTER)).toBe('lab');
  });

  it('are lists and groups as provisioned, not as drafted', async () => {
    const office = { id: '5', name: 'office', description: '', ranges: [], fqdns: [] };
    await drafted('ip_lists', office);
    expect((await readNames(database.entities)).ipLists.size).toBe(0);
    await provisioned('ip_lists', '5');
    await drafted('ip_lists', { ...office, name: 'home' } as typeof office);
    expect((await readNames(database.entities)).ipLists.get('5')?.name).toBe('office');
  });

  it('are not changed by what is said again', async () => {
    const before = position;
    await drafted('ip_lists', { id: '6' });
    await provisioned('ip_lists', '6');
    const { ipLists } = await readNames(database.entities);
    position = before;
    await drafted('ip_lists', { id: '6', name: 'of the same position' });
    await provisioned('ip_lists', '6');
    expect((await readNames(database.entities)).ipLists).toEqual(ipLists);
  });

  it('of a group are those of the groups below it, whichever way they name each other', async () => {
    const group = (id: string, labels: string[], subGroups: string[]) => ({
      ...{ id, name: id, description: '', key: 'role', labels, subGroups },
    });
    await drafted('label_groups', group('a', ['11'], ['b']));
    await drafted('label_groups', group('b', ['12'], ['a']));
    for (const id of ['a', 'b']) await provisioned('label_groups', id);
    const { labelGroups } = await readNames(database.entities);
    expect(labelsOfGroup(labelGroups, 'a')).toEqual(['11', '12']);
  });
});
