import { randomUUID } from 'node:crypto';
import type { Envelope } from '@ringfence/contracts';
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE } from '../database.js';
import { recordChange } from './audit-events.js';

let postgres: PostgresServer;
let store: EventStore;
beforeAll(async () => {
  postgres = await startPostgres();
  store = await openServiceStore(DATABASE, { config: { DATABASE_URL: postgres.url } });
});
afterAll(async () => {
  await store.close();
  await postgres.stop();
});

describe('the audit trail of what a cluster does', () => {
  const id = 'cccccccc-0000-4000-8000-000000000009';
  const href = `/orgs/1/container_clusters/${id}`;
  const say = (type: string, position: number, data: object) =>
    recordChange(store.entities, {
      ...{ id: randomUUID(), type, v: 1, stream: `container-cluster-${id}`, version: position, position },
      ...{ cluster: id, at: new Date(position * 1_000).toISOString(), data, trace: {} },
      actor: { kind: 'container_cluster', id },
    } as Envelope);
  const named = (name: string) => ({ id, name, description: '' });

  it('names the cluster as it was called last, also when it is gone, and where nobody said how, by its href', async () => {
    expect(await say('WorkloadDeleted', 1, { id })).toMatchObject({
      created_by: { container_cluster: { href } },
    });
    await say('ContainerClusterCreated', 2, named('staging'));
    await say('ContainerClusterChanged', 4, named('prod'));
    await say('ContainerClusterChanged', 3, named('as it was called before'));
    expect(await say('ContainerClusterDeleted', 5, { id })).toMatchObject({
      created_by: { container_cluster: { href, name: 'prod' } },
    });
  });
});
