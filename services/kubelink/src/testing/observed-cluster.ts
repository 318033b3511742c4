/** For specs: Kubelink as its process starts it, between a real API server and a cluster's NATS, and what it tells there. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterServerConfig,
  connectBus,
  ensureStreams,
  ensureKubelinkDurable,
  mintClusterServer,
  mintKubelinkAccount,
  mintKubelinkUser,
  pushAccount,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { OBSERVATIONS, parseSubject } from '@ringfence/contracts';
import type { ObservationKind } from '@ringfence/contracts';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { Config } from '../config.js';
import { manifest } from '../manifest.js';
import { startKubelink } from '../start-kubelink.js';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';
const TOKEN = 'correct horse';
const clasManifest = {
  service: 'clas-cache',
  consumes: [],
  emits: [
    { subject: 'policy.*.readiness.*', server: 'cluster' as const },
    { subject: 'policy.*.relist.*', server: 'cluster' as const },
    { subject: 'obs.*.*.*', server: 'cluster' as const },
  ],
  serves: [],
  calls: [],
};
const reading = {
  stream: 'OBSERVATIONS',
  filter: 'obs.*.*.*',
  durable: 'spec',
  mode: 'latest',
  server: 'cluster',
} as const;

type ClusterKeys = Awaited<ReturnType<typeof mintClusterServer>>;
export type Seen = Record<string, unknown> & {
  kind: ObservationKind;
  headers: Readonly<Record<string, string>>;
};

export interface ObservedCluster {
  readonly api: ApiServer;
  readonly nats: NatsServer;
  /** clas-cache's connection. */
  readonly cache: Bus;
  readonly clasUrl: string;
  /** Holds the kubeconfig. */
  readonly directory: string;
  /** All that was told, in its order. */
  readonly seen: Seen[];
  launch(env?: Record<string, string>): Promise<HostedProcess>;
  latest(kind: ObservationKind, name: string): Seen | undefined;
  markers(): Seen[];
  inSync(): Promise<unknown>;
  /** Stops who was launched, and forgets what was told. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function openObservedCluster(): Promise<ObservedCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-kubelink-'));
  const api = await startApiServer({ bookmarkIntervalMs: 200 });
  writeFileSync(join(directory, 'kubeconfig'), api.kubeconfig);
  const keys = await mintClusterServer({ ...clasManifest, consumes: [reading] });
  const nats = await startNats({ config: (place) => clusterServerConfig(place, keys) });
  const cache = await connectBus({
    servers: nats.url,
    name: 'clas-cache',
    server: 'cluster',
    credentials: keys.clasCache,
    inboxPrefix: serviceInbox('clas-cache'),
  });
  await ensureStreams(cache, 'cluster');
  const seen = await seenOn(cache);
  const clas = credentialEndpoint(keys, nats, cache);
  const port = await freePort();
  clas.listen(port, '127.0.0.1');
  const clasUrl = `http://127.0.0.1:${port}`;

  const hosted: HostedProcess[] = [];
  const markers = (): Seen[] => seen.filter((entry) => entry.kind === 'list');
  return {
    ...{ api, nats, cache, clasUrl, directory, seen, markers },
    launch: async (env = {}) => {
      const started = await startHosted(
        { manifest, config: Config, start: startKubelink },
        {
          CLUSTER_ID: CLUSTER,
          CLUSTER_TOKEN: TOKEN,
          CLAS_URL: clasUrl,
          KUBECONFIG: join(directory, 'kubeconfig'),
          LOG_LEVEL: 'silent',
          ...env,
        },
      );
      hosted.push(started);
      return started;
    },
    latest: (kind, name) => seen.findLast((entry) => entry.kind === kind && entry['name'] === name),
    inSync: () =>
      eventually(
        () =>
          markers().length >= 6 && seen.some((entry) => entry.kind === 'cluster' && entry['inSync'] === true),
      ),
    clear: async () => {
      await Promise.all(hosted.splice(0).map((each) => each.stop()));
      seen.length = 0;
    },
    close: async () => {
      clas.closeAllConnections();
      clas.close();
      await cache.close();
      await nats.close();
      await api.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function seenOn(cache: Bus): Promise<Seen[]> {
  const seen: Seen[] = [];
  await cache.latest('OBSERVATIONS', 'obs.*.*.*', ({ subject, payload, headers }) => {
    const kind = parseSubject(subject).kind as ObservationKind;
    const read = OBSERVATIONS[kind].parse(payload);
    seen.push({
      ...(payload as object),
      ...read,
      kind: kind,
      headers,
      ...(kind === 'list' || kind === 'workload' ? { of: (payload as { kind: string }).kind } : {}),
    });
  });
  return seen;
}

/** clas-cache's, as far as Kubelink asks for a credential. */
function credentialEndpoint(keys: ClusterKeys, nats: NatsServer, cache: Bus): Server {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
    if (asked['cluster'] !== CLUSTER || asked['token'] !== TOKEN) return response.writeHead(401).end('[]');
    const { signingSeed, account } = keys;
    const signer = { signingSeed, account, cluster: CLUSTER, expiresInSeconds: 600 };
    try {
      await pushAccount(nats.url, keys.system.user, await mintKubelinkAccount(signer));
      await ensureKubelinkDurable(cache, CLUSTER);
    } catch {
      // The server is away, as some specs want it.
      return response.writeHead(503).end('[]');
    }
    const { jwt, expiresAt } = await mintKubelinkUser(signer, asked['publicKey']);
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ cluster: CLUSTER, name: 'kubelink', natsUrl: nats.url, jwt, expiresAt }));
  });
}
