import { createServer } from 'node:http';
import type { Server } from 'node:http';
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
import { OBSERVATIONS, parseSubject, subjects } from '@ringfence/contracts';
import type { ObservationKind, PodReadiness } from '@ringfence/contracts';
import { apiClient, fromKubeconfig } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a real API server to speak with, in specs only
import { startApiServer, type ApiServer } from '@ringfence/sandbox';
import { StartRefused, startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startKubelink } from './start-kubelink.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
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

let api: ApiServer;
let nats: NatsServer;
let clas: Server;
let cache: Bus;
let directory: string;
let clasUrl: string;
const hosted: HostedProcess[] = [];

type Seen = Record<string, unknown> & { kind: ObservationKind; headers: Readonly<Record<string, string>> };
const seen: Seen[] = [];

async function launch(env: Record<string, string> = {}): Promise<HostedProcess> {
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
}
const latest = (kind: ObservationKind, name: string): Seen | undefined =>
  seen.findLast((entry) => entry.kind === kind && entry['name'] === name);
const markers = (): Seen[] => seen.filter((entry) => entry.kind === 'list');
const inSync = (): Promise<unknown> =>
  eventually(
    () => markers().length >= 6 && seen.some((entry) => entry.kind === 'cluster' && entry['inSync'] === true),
  );

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-kubelink-'));
  api = await startApiServer({ bookmarkIntervalMs: 200 });
  writeFileSync(join(directory, 'kubeconfig'), api.kubeconfig);
  const keys = await mintClusterServer({ ...clasManifest, consumes: [reading] });
  nats = await startNats({ config: (place) => clusterServerConfig(place, keys) });
  cache = await connectBus({
    servers: nats.url,
    name: 'clas-cache',
    server: 'cluster',
    credentials: keys.clasCache,
    inboxPrefix: serviceInbox('clas-cache'),
  });
  await ensureStreams(cache, 'cluster');
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
  clas = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
    if (asked['cluster'] !== CLUSTER || asked['token'] !== TOKEN) return response.writeHead(401).end('[]');
    const { signingSeed, account } = keys;
    const signer = { signingSeed, account, cluster: CLUSTER, expiresInSeconds: 600 };
    await pushAccount(nats.url, keys.system.user, await mintKubelinkAccount(signer));
    await ensureKubelinkDurable(cache, CLUSTER);
    const { jwt, expiresAt } = await mintKubelinkUser(signer, asked['publicKey']);
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ cluster: CLUSTER, name: 'kubelink', natsUrl: nats.url, jwt, expiresAt }));
  });
  const port = await freePort();
  clas.listen(port, '127.0.0.1');
  clasUrl = `http://127.0.0.1:${port}`;
});
afterEach(async () => {
  await Promise.all(hosted.splice(0).map((each) => each.stop()));
  seen.length = 0;
});
afterAll(async () => {
  clas.closeAllConnections();
  clas.close();
  await cache.close();
  await nats.close();
  await api.close();
  rmSync(directory, { recursive: true });
});

const container = {
  name: 'c',
  image: 'i',
  ports: [{ name: 'http', containerPort: 8080 }],
  readinessProbe: { httpGet: { port: 'http' } },
};
const template = {
  metadata: { labels: { app: 'web' }, annotations: { 'com.illumio.role': 'web' } },
  spec: { containers: [container] },
};

async function makeWeb(): Promise<{
  deployment: string;
  pod: (name: string, gate?: string) => Promise<string>;
}> {
  const { cluster } = api;
  const named = (name: string, more = {}) => ({ metadata: { name, namespace: 'default', ...more } });
  const controlledBy = (kind: string, object: { metadata: { name: string; uid?: string } }) => ({
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind,
        name: object.metadata.name,
        uid: object.metadata.uid ?? '',
        controller: true,
      },
    ],
  });
  const name = `web-${Math.random().toString(36).slice(2, 8)}`;
  const spec = { selector: { matchLabels: { app: 'web' } }, template };
  const deployment = await cluster.resource('deployments.apps').create({ ...named(name), spec } as never);
  const replicaSet = await cluster
    .resource('replicasets.apps')
    .create({ ...named(`${name}-1`, controlledBy('Deployment', deployment)), spec } as never);
  const pod = async (suffix: string, gate?: string): Promise<string> => {
    const made = await cluster.resource('pods').create({
      ...named(`${name}-1-${suffix}`, {
        ...controlledBy('ReplicaSet', replicaSet),
        labels: { app: 'web' },
        annotations: template.metadata.annotations,
      }),
      spec: {
        ...template.spec,
        nodeName: 'n1',
        ...(gate !== undefined && { readinessGates: [{ conditionType: gate }] }),
      },
    } as never);
    return made.metadata.name;
  };
  return { deployment: name, pod };
}

/** What deploy/kubernetes/label-map.yaml defines. */
async function defineLabelMaps(client: ApiClient): Promise<void> {
  const names = { kind: 'LabelMap', plural: 'labelmaps' };
  const versions = [{ name: 'v1alpha1', served: true, storage: true }];
  await client.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'labelmaps.ic4k.illumio.com' },
    spec: { group: 'ic4k.illumio.com', scope: 'Cluster', names, versions },
  });
}

describe('Kubelink', () => {
  it('tells the whole cluster with owners joined, then one marker per kind, all of one epoch', async () => {
    const web = await makeWeb();
    const podName = await web.pod('a');
    await launch();
    await inSync();
    const deployment = latest('workload', web.deployment);
    expect(deployment).toMatchObject({
      of: 'Deployment',
      annotations: { 'com.illumio.role': 'web' },
      gone: false,
    });
    expect(latest('pod', podName)).toMatchObject({
      owner: { kind: 'Deployment', name: web.deployment, uid: deployment?.['uid'] },
      probePorts: [{ proto: 6, port: 8080 }],
      node: 'n1',
    });
    expect(latest('service', 'kubernetes')).toMatchObject({ type: 'ClusterIP', ports: [{ port: 443 }] });
    expect(
      markers()
        .map((marker) => marker['of'])
        .sort(),
    ).toEqual(['namespace', 'networkpolicy', 'node', 'pod', 'service', 'workload']);
    const epochs = new Set(seen.filter(({ kind }) => kind !== 'cluster').map((entry) => entry['epoch']));
    expect(epochs.size).toBe(1);
    for (const marker of markers()) {
      const before = seen.slice(0, seen.indexOf(marker)).filter(({ kind }) => kind === marker['of']);
      expect(marker['count']).toBe(before.length);
    }
  });

  it('tells what comes and goes at once, as the beginning of a trace', async () => {
    await launch();
    await inSync();
    const web = await makeWeb();
    const begun = Date.now();
    const podName = await web.pod('b');
    const born = await eventually(() => latest('pod', podName));
    expect(Date.parse(String(born?.['observedAt'])) - begun).toBeLessThan(500);
    expect(born?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(born?.['owner']).toMatchObject({ kind: 'Deployment', name: web.deployment });
    api.cluster.resource('pods').remove({ namespace: 'default', name: podName }, { gracePeriodSeconds: 0 });
    await eventually(() => latest('pod', podName)?.['gone'] === true);
    expect(Number(latest('pod', podName)?.['resourceVersion'])).toBeGreaterThan(
      Number(born?.['resourceVersion']),
    );
  });

  it('tells what the label map says of a workload, and follows the map', async () => {
    const client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
    await defineLabelMaps(client);
    const { deployment } = await makeWeb();
    await launch();
    await inSync();
    expect(latest('workload', deployment)).not.toHaveProperty('mapped');
    const maps = '/apis/ic4k.illumio.com/v1alpha1/labelmaps';
    const map = (fromKey: string) => ({ workloadLabelMap: [{ fromKey, toKey: 'role', allowCreate: true }] });
    const mapped = () => (latest('workload', deployment)?.['mapped'] as { value: string }[] | undefined)?.[0];
    await client.post(maps, { metadata: { name: 'default' }, ...map('app') });
    await eventually(() => mapped()?.value === 'web');
    await client.patch(`${maps}/default`, map('ringfence.io/workload'), 'application/merge-patch+json');
    await eventually(() => mapped()?.value === deployment);
    await client.close();
  });

  it('tells of NetworkPolicies where they are imported, also of one that cannot be read, and else that there are none', async () => {
    const client = apiClient(fromKubeconfig(api.kubeconfig, 'kubeconfig'));
    const path = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
    const policy = (name: string, spec: unknown) => client.post(path, { metadata: { name }, spec });
    await policy('closed', { podSelector: { matchLabels: { app: 'db' } } });
    const count = (): unknown => markers().findLast((marker) => marker['of'] === 'networkpolicy')?.['count'];
    const without = await launch();
    await inSync();
    expect([count(), latest('networkpolicy', 'closed')]).toEqual([0, undefined]);
    await without.stop();
    seen.length = 0;
    await launch({ RINGFENCE_NETWORK_POLICIES: 'true' });
    await inSync();
    expect(count()).toBe(1);
    expect(latest('networkpolicy', 'closed')).toMatchObject({
      namespace: 'default',
      pods: [{ key: 'app', operator: 'In', values: ['db'] }],
      ...{ ingress: [], egress: null, gone: false },
    });
    // As a newer Kubernetes might have it.
    const odd = { podSelector: {}, ingress: [{ from: [{ serviceAccounts: {} }] }] };
    await api.cluster.create(api.cluster.catalog.named('networkpolicies.networking.k8s.io'), {
      metadata: { name: 'odd', namespace: 'default' },
      spec: odd,
    } as never);
    await eventually(() => latest('networkpolicy', 'odd'));
    expect(latest('networkpolicy', 'odd')).toMatchObject({
      refused: { field: 'spec.ingress[0].from[0].serviceAccounts', token: 'unknown_field' },
      ingress: [],
    });
    await client.patch(
      `${path}/closed`,
      { spec: { policyTypes: ['Egress'] } },
      'application/merge-patch+json',
    );
    await eventually(() => latest('networkpolicy', 'closed')?.['ingress'] === null);
    await client.close();
  });

  it('sweeps what vanished while it could not watch, under a new epoch', async () => {
    const web = await makeWeb();
    const [stays, vanishes] = [await web.pod('stays'), await web.pod('vanishes')];
    await launch();
    await inSync();
    const epoch = latest('pod', stays)?.['epoch'];
    await new Promise((resolve) => setTimeout(resolve, 300));
    api.cluster.resource('pods').remove({ namespace: 'default', name: vanishes }, { gracePeriodSeconds: 0 });
    api.faults.expireHistory();
    api.faults.breakOffWatches();
    await eventually(() => latest('pod', vanishes)?.['gone'] === true);
    await eventually(() => markers().some((marker) => marker['of'] === 'pod' && marker['epoch'] !== epoch));
    expect(latest('pod', stays)).toMatchObject({ gone: false });
    expect(latest('pod', stays)?.['epoch']).not.toBe(epoch);
  });

  it('tells everything again when it is asked to, and not as often as it is asked', async () => {
    const web = await makeWeb();
    const name = await web.pod('again');
    await launch();
    await inSync();
    const epoch = latest('pod', name)?.['epoch'];
    for (let i = 0; i < 20; i += 1) cache.send(subjects.relist(CLUSTER), {});
    const epochs = (): Set<unknown> => new Set(markers().map((marker) => marker['epoch']));
    await eventually(() => markers().length === 12);
    expect(latest('pod', name)?.['epoch']).not.toBe(epoch);
    // What is told after the questions was taken in after them: they have all been heard.
    const after = await web.pod('after');
    await eventually(() => latest('pod', after));
    expect(epochs().size).toBe(2);
  });

  it('loses nothing while NATS is away', async () => {
    await launch();
    await inSync();
    const web = await makeWeb();
    await nats.kill();
    const during = await web.pod('during');
    await nats.start();
    const after = await web.pod('after');
    await eventually(() => latest('pod', during) !== undefined && latest('pod', after) !== undefined);
  });

  it('writes the readiness that clas-cache decided into the Pod, and once', async () => {
    const web = await makeWeb();
    const name = await web.pod('gated', 'ringfence.io/policy-ready');
    await launch();
    await inSync();
    const observed = await eventually(() => latest('pod', name));
    expect(observed?.['readinessGates']).toEqual(['ringfence.io/policy-ready']);
    const readiness: PodReadiness = {
      podUid: String(observed?.['uid']),
      namespace: 'default',
      name,
      ready: true,
      reason: 'PolicyReady',
      message: 'in the kernel of 2 nodes',
      gates: ['ringfence.io/policy-ready'],
    };
    await cache.publish(`policy.${CLUSTER}.readiness.${readiness.podUid}`, readiness);
    const pod = () =>
      api.cluster.resource('pods').find('default', name) as unknown as {
        metadata: { resourceVersion: string };
        status?: { conditions?: { type: string }[] };
      };
    const condition = await eventually(() =>
      pod().status?.conditions?.find(({ type }) => type === 'ringfence.io/policy-ready'),
    );
    expect(condition).toMatchObject({
      status: 'True',
      reason: 'PolicyReady',
      message: 'in the kernel of 2 nodes',
    });
    const version = pod().metadata.resourceVersion;
    await hosted.splice(0)[0]?.stop();
    await launch();
    await inSync();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pod().metadata.resourceVersion).toBe(version);
  });

  it('says in one sentence that the cluster does not know it, and ends', async () => {
    const process = await launch({ CLUSTER_TOKEN: 'wrong' });
    await expect(process.started).rejects.toBeInstanceOf(StartRefused);
    await expect(process.started).rejects.toThrow(
      `${clasUrl} refuses the cluster id or the cluster token: check CLUSTER_ID and CLUSTER_TOKEN`,
    );
    const other = await launch({ KUBECONFIG: join(directory, 'none') });
    await expect(other.started).rejects.toThrow(/none cannot be read/);
  });

  it('waits for an API server that is away, and says so', async () => {
    const away = api.kubeconfig.replace(
      /https:\/\/127\.0\.0\.1:\d+/,
      `https://127.0.0.1:${await freePort()}`,
    );
    writeFileSync(join(directory, 'away'), away);
    const process = await launch({ KUBECONFIG: join(directory, 'away') });
    await process.started;
    const { ready, missing } = process.health();
    expect(ready).toBe(false);
    expect(missing.join()).toMatch(/kubernetes: .*pods not listed yet/);
  });
});
