/** clas-cache between two servers with accounts, as they are installed; agents connect as they would. */
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
  deriveAccountKeys,
  ensureStreams,
  ensureUplinkDurable,
  formatCreds,
  keysOfSeed,
  mintClusterAccount,
  mintClusterServer,
  mintControlPlane,
  mintUplinkUser,
  mintUser,
  nodeInbox,
  pushAccount,
  serviceInbox,
} from '@ringfence/bus';
import type { Bus, BusOptions, ControlPlaneKeys } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { CredentialResponse } from '@ringfence/contracts';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, freePort, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { manifest } from '../manifest.js';
import { PAIRING_KEY, startGateway, TOKEN } from './control-plane.js';
import { CLUSTER, node, pod, workload } from './facts.js';
import { startClas } from './started-clas.js';

type Desk = Parameters<typeof askAsNode>[0];
type Asked = (desk: Desk) => Promise<CredentialResponse>;

export interface SecuredCluster {
  readonly clusterNats: NatsServer;
  readonly controlNats: NatsServer;
  readonly dataDirectory: string;
  /** Everything of the control server's core account. */
  readonly control: Bus;
  /** Everything of the account with the cluster's streams. */
  readonly owner: Bus;
  /** As the control plane's services do when its server comes back with nothing. */
  remindControl(): Promise<void>;
  clas(): HostedProcess;
  restartClas(meanwhile?: () => Promise<unknown>): Promise<void>;
  desk(seed?: string): Desk;
  connectAs(ask: Asked, inboxPrefix: (name: string) => string, options?: AgentOptions): Promise<Bus>;
  kubelink(): Promise<Bus>;
  cven(name: string, options?: AgentOptions): Promise<Bus>;
  isReady(): Promise<boolean>;
  /** What clas-cache holds for the control server is worth nothing any more. */
  revokeUplink(): Promise<void>;
  close(): Promise<void>;
}
export interface AgentOptions extends Pick<BusOptions, 'onState'> {
  readonly seed?: string;
}

export const machineOf = (name: string) => ({
  ...{ pairingKey: PAIRING_KEY, machineId: `machine-${name}`, version: '1' },
});

/** The whole of a small cluster, as Kubelink tells it: objects, then one marker per kind. */
export async function tellLists(kubelink: Bus, epoch = 'e1'): Promise<void> {
  const observe = (kind: string, id: string, payload: unknown): Promise<void> =>
    kubelink.publish(subjects.observation(CLUSTER, kind, id), payload);
  await observe('node', 'node-1-uid', { ...node('node-1'), epoch });
  await observe('workload', 'web-owner', { ...workload('web'), epoch });
  await observe('pod', 'web-1', { ...pod('web', 1), epoch });
  for (const kind of ['namespace', 'node', 'workload', 'pod', 'service'])
    await observe('list', kind, { kind, epoch, count: 1, observedAt: new Date().toISOString() });
}

export async function openSecuredCluster(): Promise<SecuredCluster> {
  const clusterKeys = await mintClusterServer(manifest);
  const keys = await mintControlPlane([]);
  const [clusterNats, controlNats] = await Promise.all([
    startNats({ config: (place) => clusterServerConfig(place, clusterKeys) }),
    startNats({ config: (place) => controlServerConfig(place, keys) }),
  ]);
  const control = await ownerOf(controlNats, 'control', keys.core.seed);
  await ensureStreams(control, 'control');
  const streams = deriveAccountKeys(clusterKeys.operator.seed, 'cluster');
  const owner = await ownerOf(clusterNats, 'cluster', streams.seed);
  const gateway = await startGateway(controlNats.url, 0, () => uplinkOf(keys, controlNats, control));
  const directory = await mkdtemp(join(tmpdir(), 'ringfence-clas-'));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const environment = {
    GATEWAY_URL: gateway.url,
    NATS_URL: clusterNats.url,
    NATS_CREDS: await file('clas.creds', formatCreds(clusterKeys.clasCache)),
    CLUSTER_NATS_SIGNING_KEY: await file('signing.seed', clusterKeys.signingSeed),
    CLUSTER_NATS_ACCOUNT: clusterKeys.account,
    CLUSTER_NATS_SYSTEM_CREDS: await file('system.creds', formatCreds(clusterKeys.system.user)),
    RINGFENCE_PORT: String(await freePort()),
    RINGFENCE_DATA_DIR: join(directory, 'data'),
  };
  const start = (): Promise<HostedProcess> => startClas(environment);
  let clas = await start();
  const agents: Bus[] = [];
  const desk = (seed = createKeys('user').seed): Desk => ({
    ...{ clasUrl: `http://127.0.0.1:${environment.RINGFENCE_PORT}`, seed, timeoutMs: 60_000 },
  });
  const connectAs: SecuredCluster['connectAs'] = async (ask, inboxPrefix, { seed, ...options } = {}) => {
    const asking = desk(seed);
    const { name, natsUrl, jwt } = await ask(asking);
    const bus = await connectBus({
      ...{ servers: natsUrl, name, server: 'cluster', inboxPrefix: inboxPrefix(name) },
      ...{ credentials: { jwt, seed: asking.seed }, ...options },
    });
    agents.push(bus);
    return bus;
  };
  return {
    ...{ clusterNats, controlNats, control, owner, desk, connectAs },
    dataDirectory: environment.RINGFENCE_DATA_DIR,
    remindControl: async () => {
      await eventually(() => control.isConnected());
      await ensureStreams(control, 'control');
      await uplinkOf(keys, controlNats, control);
    },
    clas: () => clas,
    restartClas: async (meanwhile) => {
      await clas.stop();
      await meanwhile?.();
      clas = await start();
    },
    kubelink: () =>
      connectAs(
        (asking) => askAsKubelink(asking, { cluster: CLUSTER, token: TOKEN }),
        () => serviceInbox('kubelink'),
      ),
    cven: (name, options) => connectAs((asking) => askAsNode(asking, machineOf(name)), nodeInbox, options),
    revokeUplink: async () => void (await uplinkAccount(keys, controlNats, new Date())),
    isReady: async () => (await fetch(`${clas.managementUrl}/readyz`)).status === 200,
    close: async () => {
      await Promise.all(agents.map((agent) => agent.close()));
      await clas.stop();
      await Promise.all([control.close(), owner.close()]);
      await Promise.all([gateway.close(), clusterNats.close(), controlNats.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ownerOf(nats: NatsServer, server: 'control' | 'cluster', seed: string): Promise<Bus> {
  const account = keysOfSeed(seed).publicKey;
  const credentials = await mintUser({ name: 'owner', issuerSeed: seed, account, permissions: {} });
  return connectBus({ servers: nats.url, name: 'owner', server, credentials });
}

async function uplinkOf(keys: ControlPlaneKeys, nats: NatsServer, control: Bus) {
  const account = await uplinkAccount(keys, nats);
  await ensureUplinkDurable(control, CLUSTER);
  return mintUplinkUser(account, CLUSTER, 3600);
}

async function uplinkAccount(keys: ControlPlaneKeys, nats: NatsServer, revokedUpTo?: Date) {
  const account = await mintClusterAccount({
    ...{ operatorSeed: keys.operator.seed, coreAccount: keys.core.account, cluster: CLUSTER, revokedUpTo },
  });
  await pushAccount(nats.url, keys.system.user, account.jwt);
  return account;
}
