import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  askAsKubelink,
  askAsNode,
  clusterServerConfig,
  connectBus,
  controlServerConfig,
  createKeys,
  ensureStreams,
  ensureUplinkDurable,
  formatCreds,
  mintClusterAccount,
  mintClusterServer,
  mintControlPlane,
  mintUplinkUser,
  mintUser,
  nodeInbox,
  pushAccount,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, ClusterAnswer, subjects, subjectToken } from '@ringfence/contracts';
import type { CredentialResponse, NodeView } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startClasCache } from './clas-cache.module.js';
import { configSchema } from './config.js';
import { manifest } from './manifest.js';
import { PAIRING_KEY, publishPolicy, startGateway, TOKEN } from './testing/control-plane.js';
import type { Gateway } from './testing/control-plane.js';
import { CLUSTER, node, pod, WEB, workload } from './testing/facts.js';

let clusterNats: NatsServer;
let controlNats: NatsServer;
let control: Bus;
let gateway: Gateway;
let directory: string;
let port: number;
let clas: HostedProcess;
const agents: Bus[] = [];

beforeAll(async () => {
  const clusterKeys = await mintClusterServer(manifest);
  const keys = await mintControlPlane([]);
  [clusterNats, controlNats] = await Promise.all([
    startNats({ config: (place) => clusterServerConfig(place, clusterKeys) }),
    startNats({ config: (place) => controlServerConfig(place, keys) }),
  ]);
  const owner = await mintUser({
    name: 'owner',
    issuerSeed: keys.core.seed,
    account: keys.core.account,
    permissions: {},
  });
  control = await connectBus({
    servers: controlNats.url,
    name: 'owner',
    server: 'control',
    credentials: owner,
  });
  await ensureStreams(control, 'control');
  gateway = await startGateway(controlNats.url, 0, async () => {
    const operatorSeed = keys.operator.seed;
    const account = await mintClusterAccount({
      operatorSeed,
      coreAccount: keys.core.account,
      cluster: CLUSTER,
    });
    await pushAccount(controlNats.url, keys.system.user, account.jwt);
    await ensureUplinkDurable(control, CLUSTER);
    return mintUplinkUser(account, CLUSTER, 3600);
  });
  directory = await mkdtemp(join(tmpdir(), 'ringfence-clas-'));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  port = await freePort();
  clas = await startHosted(
    { manifest, config: configSchema, start: startClasCache },
    {
      CLUSTER_ID: CLUSTER,
      CLUSTER_TOKEN: TOKEN,
      GATEWAY_URL: gateway.url,
      NATS_URL: clusterNats.url,
      NATS_CREDS: await file('clas.creds', formatCreds(clusterKeys.clasCache)),
      CLUSTER_NATS_SIGNING_KEY: await file('signing.seed', clusterKeys.signingSeed),
      CLUSTER_NATS_ACCOUNT: clusterKeys.account,
      CLUSTER_NATS_SYSTEM_CREDS: await file('system.creds', formatCreds(clusterKeys.system.user)),
      RINGFENCE_PORT: String(port),
      RINGFENCE_DATA_DIR: join(directory, 'data'),
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    },
  );
  await clas.started;
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await clas.stop();
  await control.close();
  await Promise.all([gateway.close(), clusterNats.close(), controlNats.close()]);
  await rm(directory, { recursive: true, force: true });
});

type Asked = (desk: Parameters<typeof askAsNode>[0]) => Promise<CredentialResponse>;
async function connectAs(
  ask: Asked,
  inboxPrefix: (name: string) => string,
  seed = createKeys('user').seed,
): Promise<Bus> {
  const { name, natsUrl, jwt } = await ask({ clasUrl: `http://127.0.0.1:${port}`, seed, timeoutMs: 5_000 });
  const bus = await connectBus({
    ...{ servers: natsUrl, name, server: 'cluster', inboxPrefix: inboxPrefix(name) },
    credentials: { jwt, seed },
  });
  agents.push(bus);
  return bus;
}
const kubelink = (): Promise<Bus> =>
  connectAs(
    (desk) => askAsKubelink(desk, { cluster: CLUSTER, token: TOKEN }),
    () => serviceInbox('kubelink'),
  );
const cven = (name: string): Promise<Bus> =>
  connectAs(
    (desk) => askAsNode(desk, { pairingKey: PAIRING_KEY, machineId: `machine-${name}`, version: '1' }),
    nodeInbox,
  );

describe('with credentials on both servers', () => {
  it('brings observations up, policy down and each node its own view, and no more', async () => {
    await publishPolicy(control, 1);
    const watcher = await kubelink();
    const observe = (kind: string, id: string, payload: unknown): Promise<void> =>
      watcher.publish(subjects.observation(CLUSTER, kind, id), payload);
    await observe('node', 'node-1-uid', node('node-1'));
    await observe('workload', 'web-owner', workload('web'));
    await observe('pod', 'web-1', pod('web', 1));
    for (const kind of ['namespace', 'node', 'workload', 'pod', 'service']) {
      await observe('list', kind, { kind, epoch: 'e1', count: 1, observedAt: new Date().toISOString() });
    }
    await eventually(async () => (await fetch(`${clas.managementUrl}/readyz`)).status === 200);

    const agent = await cven('node-1');
    const ask = (name: string): Promise<NodeView> =>
      agent.call(CALLS.nodeSnapshot, { node: name }, { suffix: subjectToken(name), deadlineMs: 500 });
    expect((await ask('node-1')).units.upsert.map((unit) => unit.labelSet.id)).toEqual([WEB.id]);
    await expect(ask('node-2')).rejects.toThrow();
    await expect(
      agent.call(CALLS.nodeSnapshot, { node: 'node-2' }, { suffix: 'node-1' }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });

    const arrived = new Set<string>();
    await control.latest('OBSERVATIONS', `obs.${CLUSTER}.*.*`, ({ subject }) => void arrived.add(subject));
    await eventually(() => arrived.has(subjects.observation(CLUSTER, 'workload', 'web-owner')));
    expect([...arrived].some((subject) => subject.includes('.pod.'))).toBe(false);
  });

  it('answers what the control plane asks of this cluster, on a subject that the asker alone chose', async () => {
    const answers: unknown[] = [];
    const listening = control.subscribe(subjects.answer(CLUSTER, 't1'), ({ payload }) => {
      answers.push(ClusterAnswer.parse(payload));
    });
    control.send(subjects.question(CLUSTER, 't0'), { from: 'no question' });
    control.send(subjects.question(CLUSTER, 't1'), {
      from: 'shop/web-1',
      to: '10.244.1.9',
      port: 80,
      proto: 6,
    });
    await eventually(() => answers.length === 1);
    expect(answers[0]).toMatchObject({ kind: 'judged', egress: { name: 'shop/web-1', verdict: 'blocked' } });
    listening.close();
  });

  it('cuts a node off that floods, while what another says still arrives', async () => {
    const machine = { pairingKey: PAIRING_KEY, machineId: 'machine-node-3', version: '1' };
    const desk = { clasUrl: `http://127.0.0.1:${port}`, seed: createKeys('user').seed, timeoutMs: 5_000 };
    const flooder = await connectAs(() => askAsNode(desk, machine), nodeInbox, desk.seed);
    const other = await cven('node-2');
    const acked: number[] = [];
    const reader = await control.latest('FLOWS', subjects.flow(CLUSTER, 'node-2'), () => void acked.push(1));
    const flood = setInterval(() => {
      for (let i = 0; i < 1_000 && flooder.isConnected(); i += 1)
        flooder.send(subjects.flow(CLUSTER, 'node-3'), {});
    }, 10);
    const at = new Date().toISOString();
    await other.publish(subjects.flow(CLUSTER, 'node-2'), {
      ...{ id: 'node-2/b/1', node: 'node-2', revision: 1, policyVersion: 1, from: at, to: at },
      ...{ overflow: 0, reporters: [] },
    });
    await eventually(() => acked.length === 1, undefined, 60_000);
    await eventually(() => !flooder.isConnected(), undefined, 60_000);
    clearInterval(flood);
    expect(other.isConnected()).toBe(true);
    await expect(askAsNode(desk, machine)).rejects.toThrow('said far more than its share');
    const metrics = await (await fetch(`${clas.managementUrl}/metrics`)).text();
    expect(metrics).toMatch(/clas_cache_refused_claims_total{[^}]*claim="quota"[^}]*} \d+/);
    await reader.close();
  }, 150_000);
});
