import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, controlServerConfig, formatCreds, mintControlPlane, serviceInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.js';
import { startLabelResolver } from './label-resolver.module.js';
import { manifest } from './manifest.js';

const others: ServiceManifest = {
  service: 'inventory',
  consumes: [
    { stream: 'POLICY', filter: 'policy.*.*.*', durable: 'reader', mode: 'latest', server: 'control' },
  ],
  emits: [{ subject: 'evt.*.*.*', server: 'control' }],
  serves: ['labelUsage'],
  calls: ['labelResource'],
};
let postgres: PostgresServer;
let nats: NatsServer;
let directory: string;
let hosted: HostedProcess;
let bus: Bus;

beforeAll(async () => {
  const keys = await mintControlPlane([manifest, others]);
  [postgres, nats] = await Promise.all([
    startPostgres(),
    startNats({ config: (place) => controlServerConfig(place, keys) }),
  ]);
  directory = await mkdtemp(join(tmpdir(), 'ringfence-label-resolver-'));
  const creds = join(directory, 'label-resolver.creds');
  await writeFile(creds, formatCreds(keys.services['label-resolver'] ?? { jwt: '', seed: '' }), {
    mode: 0o600,
  });
  const env = {
    NATS_URL: nats.url,
    NATS_CREDS: creds,
    DATABASE_URL: postgres.url,
    RINGFENCE_MANAGEMENT_PORT: '0',
    LOG_LEVEL: 'fatal',
  };
  hosted = await startHosted({ manifest, config: Config, start: startLabelResolver }, env);
  await hosted.started;
  const credentials = keys.services['inventory'] ?? { jwt: '', seed: '' };
  bus = await connectBus({
    servers: nats.url,
    name: 'inventory',
    server: 'control',
    credentials,
    inboxPrefix: serviceInbox('inventory'),
  });
});
afterAll(async () => {
  await bus.close();
  await hosted.stop();
  await Promise.all([postgres.close(), nats.close()]);
  await rm(directory, { recursive: true, force: true });
});

const rest = (collection: string, op: string, ids: string[] = [], body: unknown = null) =>
  bus.call(CALLS.labelResource, {
    org: 1,
    actor: { kind: 'user', id: '1' },
    collection,
    op,
    ids,
    query: {},
    body,
  });

describe('label-resolver as a process, on a server that asks for credentials', () => {
  it('takes clusters in, answers calls, and publishes settings', async () => {
    const cluster = randomUUID();
    const envelope = {
      id: randomUUID(),
      type: 'ContainerClusterCreated',
      v: 1,
      stream: `container-cluster-${cluster}`,
      version: 1,
      position: 1,
      cluster,
    };
    const said = {
      ...envelope,
      at: new Date().toISOString(),
      actor: { kind: 'user', id: '1' },
      data: { id: cluster, name: 'one', description: '' },
    };
    await bus.publish(subjects.event(cluster, 'container-cluster', cluster), said);
    await rest('labels', 'create', [], { key: 'app', value: 'Shop' });
    const catalogues: { labels?: unknown[] }[] = [];
    const reader = await bus.latest(
      'POLICY',
      `policy.${cluster}.labels.*`,
      ({ payload }) => void catalogues.push(payload as { labels: unknown[] }),
    );
    await eventually(() => catalogues.at(-1)?.labels?.length === 1);
    await reader.close();
  });

  it('tells a caller why it was refused', async () => {
    const wrong = rest('labels', 'create', [], { key: 'planet', value: 'Mars' });
    await expect(wrong).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      errors: [{ token: 'input_validation_error' }],
    });
    await expect(rest('labels', 'delete', ['1'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('says that it is ready', async () => {
    expect((await fetch(`${hosted.managementUrl}/readyz`)).status).toBe(200);
  });
});
