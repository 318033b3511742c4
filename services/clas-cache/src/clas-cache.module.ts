/**
 * The wiring of clas-cache.
 *
 *   cluster NATS                                                                  control NATS
 *   OBSERVATIONS ──▶ cluster-lanes ──▶ ActorStore ◀── control-uplink ◀── POLICY
 *   ACKS ─────────▶       │                │ settle (store-loop)
 *                         │                ├──▶ policy.<c>.view.<node>        (deltas to C-VENs)
 *   node-snapshot ◀───────┘                ├──▶ READINESS                     (to Kubelink)
 *                                          └──▶ acks ─────────────────────────▶ ACKS
 *   FLOWS batch ──▶ decorated ──▶ FLOWS ───▶ control-uplink ──────────────────▶ FLOWS
 *   OBSERVATIONS ──(all but Pods)──────────▶ control-uplink ──────────────────▶ OBSERVATIONS
 *                    explain ◀──────────────────┴──────────── ask.<c>.*, answer.<c>.* ──┘
 *
 *   POST /v1/credentials ──▶ credential-desk ──▶ API server (vouching) ──▶ gateway (pairing), or what was kept of it
 */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import {
  connectBus,
  credsFile,
  ensureKubelinkDurable,
  ensureStreams,
  pushAccount,
  serviceInbox,
  TransientError,
} from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { ApiClient } from '@ringfence/kubernetes';
import { alarmInsecure, urlOf } from '@ringfence/service-host';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { openClusterLanes } from './adapters/cluster-lanes.js';
import { ControlUplink } from './adapters/uplink/control-uplink.js';
import { controlPlaneClient } from './adapters/uplink/control-plane.client.js';
import type { ControlPlaneClient } from './adapters/uplink/control-plane.client.js';
import { CredentialDesk, EXPIRES_IN_SECONDS, KeptPairings } from './adapters/credentials/credential-desk.js';
import { openCredentialEndpoint } from './adapters/credentials/credential-endpoint.js';
import { EdgeAccounts, Revocations } from './adapters/credentials/edge-accounts.js';
import { NodeGate } from './adapters/nodes/node-gate.js';
import { Refusals } from './adapters/nodes/refusals.js';
import { ServerMemory } from './adapters/credentials/server-memory.js';
import { StateFiles } from './adapters/store/state-files.store.js';
import { StateKeeper } from './adapters/store/state-keeper.js';
import { StoreLoop } from './adapters/store/store-loop.js';
import type { Vouching } from './adapters/credentials/vouching.js';
import { UnheardPods } from './adapters/facts/unheard-pods.js';
import { UnpairedNodes } from './adapters/credentials/unpaired-nodes.js';
import type { Config } from './config.js';
import type { ActorStore } from './domain/actor-store.js';
import { openKubernetes } from './adapters/kubernetes.js';
import { manifest } from './manifest.js';

type Context = HostContext<Config>;
interface Admission {
  readonly accounts: EdgeAccounts | undefined;
  readonly desk: CredentialDesk;
}
/** Of what is there already while the rest is opened. */
interface Parts {
  uplink?: ControlUplink;
  bus?: Bus;
}

/** Long enough for a person to be told, short enough for an agent that was only out of its mind. */
const SUSPENDED_FOR_MS = 300_000;

export async function startClasCache(context: Context): Promise<RunningService> {
  const { config, logger, metrics, health, signal, onShutdown } = context;
  const files = new StateFiles(config.RINGFENCE_DATA_DIR, (file, error) =>
    logger.error({ err: error, file }, 'a state file cannot be read and is left out'),
  );
  const keeper = openKeeper(context, files);
  const { store } = keeper;
  health.require('in sync', () => store.missing().join('; ') || true);
  health.fact('state on disk', () => keeper.unwritten ?? 'written');
  const client = gatewayOf(config);
  const parts: Parts = {};
  const { net, client: kubernetes, vouching } = openKubernetes(context);
  const accounts = openAccounts(context, files, parts);
  // Agents may be answered before the cluster's NATS is there.
  const desk = await listen(context, files, { client, accounts, vouching, parts });
  await keeper.begin(signal);
  const { bus, memory } = await openServer(context, parts, { accounts, desk });
  const common = { cluster: config.CLUSTER_ID, store, metrics, logger };
  const loop = new StoreLoop({
    ...common,
    ...{ bus, net },
    uplink: () => parts.uplink,
    onSettled: () => keeper.settled(),
  });
  const uplink = (parts.uplink = new ControlUplink({
    ...{ ...common, client, signal },
    caFile: config.RINGFENCE_CA,
    clusterBus: bus,
    onPolicy: () => {
      keeper.policyChanged();
      loop.poke();
    },
    onQuestion: (question) => loop.explain(question),
  }));
  const refusals = new Refusals({ metrics, logger, tell: (refusal) => uplink.refused(refusal) });
  showFacts(health, store, uplink, refusals);
  const gate = nodeGate(context, refusals, accounts);
  const unpaired = unpairedNodes(context, store, { accounts, desk });
  const onStatus: UnpairedNodes['heard'] = (node, status) => unpaired?.heard(node, status);
  const unheard = readUnheard(context, kubernetes, { store, loop, refusals });
  const lanes = await openClusterLanes({ ...common, bus, loop, refusals, gate, onStatus });
  onShutdown(() => keeper.close());
  return {
    drain: async () => {
      refusals.close();
      await Promise.all([lanes.close(), uplink.close(), unheard?.close()]);
      await Promise.all([loop.close(), memory.close(), unpaired?.close()]);
    },
  };
}

/** The connection, and what the server must know behind it: told at once and whenever the connection is back. */
async function openServer(
  context: Context,
  parts: Parts,
  { accounts, desk }: Admission,
): Promise<{ bus: Bus; memory: ServerMemory }> {
  const { config, logger, signal } = context;
  const told: { memory?: ServerMemory } = {};
  const bus = (parts.bus = await openBus(context, () => told.memory?.refresh()));
  const nodes = (): string[] => desk.nodes();
  const memory = new ServerMemory({ bus, cluster: config.CLUSTER_ID, accounts, nodes, logger, signal });
  told.memory = memory;
  memory.refresh();
  return { bus, memory };
}

/** Undefined: there is no way to the API server. */
function readUnheard(
  { logger, metrics }: Context,
  client: ApiClient | undefined,
  { store, loop, refusals }: { store: ActorStore; loop: StoreLoop; refusals: Refusals },
): UnheardPods | undefined {
  if (client === undefined) return undefined;
  return new UnheardPods({
    ...{ client, store, metrics },
    onRead: (uid) => loop.poke(uid),
    onForeign: (node, uid) =>
      refusals.note(node, 'sandbox', `Pod ${uid} is on another node, says Kubernetes`),
    onTrouble: (message, error) => logger.warn({ err: error }, message),
  });
}

/** Undefined: there are no credentials to revoke. */
function unpairedNodes(
  { logger }: Context,
  store: ActorStore,
  { accounts, desk }: Admission,
): UnpairedNodes | undefined {
  if (accounts === undefined) return undefined;
  return new UnpairedNodes({ accounts, desk, logger, unpaired: () => store.unpairedNodes() });
}

const gatewayOf = (config: Config): ControlPlaneClient =>
  controlPlaneClient({
    gatewayUrl: config.GATEWAY_URL,
    cluster: config.CLUSTER_ID,
    token: config.CLUSTER_TOKEN,
    caFile: config.RINGFENCE_CA,
  });

function showFacts(
  health: Context['health'],
  store: ActorStore,
  uplink: ControlUplink,
  refusals: Refusals,
): void {
  health.fact('refused claims of nodes', () => refusals.fact());
  health.fact('control plane', () => uplink.state);
  health.require('policy lane', () => uplink.progress());
  health.fact('policy', () => `version ${store.policyVersion}, revision ${store.revision}`);
  health.fact('places not in force', () => notInForce(store.notInForceCounts()));
  health.fact('pods whose peers have not all acknowledged', () => String(store.waitingPods));
}

function notInForce(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([reason, count]) => `${String(count)} ${reason}`).join(', ') || 'none';
}

function openKeeper({ config, logger }: Context, files: StateFiles): StateKeeper {
  const options = {
    cluster: config.CLUSTER_ID,
    readinessTimerSeconds: config.RINGFENCE_READINESS_TIMER,
    onRefusedTimer: (pod: string, value: string) =>
      logger.warn(
        { pod, value },
        'the readiness-gate-timer of this Pod is not a number from 0 to 300 and is ignored',
      ),
  };
  return new StateKeeper(files, options, logger);
}

async function openBus(
  { config, health, logger, metrics, onShutdown, signal }: Context,
  onConnected: () => void,
): Promise<Bus> {
  const link: { bus?: Bus } = {};
  health.require('cluster NATS', () => link.bus?.availability() ?? 'connecting');
  health.require('lanes', () => link.bus?.progress() ?? true);
  const bus = await connectBus({
    servers: config.NATS_URL,
    name: manifest.service,
    server: 'cluster',
    caFile: config.RINGFENCE_CA,
    ...(config.NATS_CREDS === undefined
      ? {}
      : { credentials: credsFile(config.NATS_CREDS), inboxPrefix: serviceInbox(manifest.service) }),
    metrics,
    onState: ({ connected, detail }) => {
      logger[connected ? 'info' : 'warn']({ detail }, 'cluster NATS');
      if (connected) onConnected();
    },
    signal,
  });
  link.bus = bus;
  onShutdown(() => bus.close());
  await ensureStreams(bus, 'cluster');
  return bus;
}

/** Without accounts nobody can be cut off: what is beyond a node's share is dropped all the same. */
function nodeGate({ logger }: Context, refusals: Refusals, accounts: EdgeAccounts | undefined): NodeGate {
  const onAbuse = (node: string): void => {
    logger.error(
      { node, forMs: SUSPENDED_FOR_MS },
      'a node says far more than its share: its account is cut off',
    );
    accounts
      ?.suspend(node, SUSPENDED_FOR_MS)
      .catch((error: unknown) => logger.error({ err: error, node }, 'a node could not be cut off'));
  };
  return new NodeGate({ refusals, onAbuse });
}

/** Undefined: the cluster's NATS asks for no credentials. */
function openAccounts(
  { config, logger }: Context,
  files: StateFiles,
  parts: Parts,
): EdgeAccounts | undefined {
  const { CLUSTER_NATS_SIGNING_KEY: keyFile, CLUSTER_NATS_ACCOUNT: account, CLUSTER_ID: cluster } = config;
  const system = config.CLUSTER_NATS_SYSTEM_CREDS;
  if (keyFile === undefined || account === undefined || system === undefined) return undefined;
  const signingSeed = readFileSync(keyFile, 'utf8').trim();
  const revocations = Revocations.safeParse(files.read('revocations'));
  const accounts = new EdgeAccounts(
    {
      signer: { signingSeed, account, cluster, expiresInSeconds: EXPIRES_IN_SECONDS },
      push: (jwt) => pushAccount(config.NATS_URL, credsFile(system)(), jwt, config.RINGFENCE_CA),
      makeReadinessDurable: async () => {
        if (parts.bus === undefined) throw new TransientError("the cluster's NATS is away");
        await ensureKubelinkDurable(parts.bus, cluster);
      },
      keep: (revoked) => files.write('revocations', () => revoked),
    },
    revocations.data,
  );
  logger.info({ account }, 'every node gets an account of its own');
  return accounts;
}

interface Admitting {
  readonly client: ControlPlaneClient;
  readonly accounts: EdgeAccounts | undefined;
  readonly vouching: Vouching;
  readonly parts: Parts;
}

async function listen(
  context: Context,
  files: StateFiles,
  { client, accounts, vouching, parts }: Admitting,
): Promise<CredentialDesk> {
  const { config, onShutdown } = context;
  const kept = KeptPairings.safeParse(files.read('pairings'));
  const natsUrl = config.CLUSTER_NATS_PUBLIC_URL ?? config.NATS_URL;
  const desk = new CredentialDesk(
    {
      cluster: config.CLUSTER_ID,
      token: config.CLUSTER_TOKEN,
      natsUrl,
      ...(accounts !== undefined && { accounts }),
      controlPlane: client,
      vouching,
      refusedBecause: () => parts.uplink?.refusal ?? null,
      keep: (pairings) => files.write('pairings', () => pairings),
    },
    kept.data,
  );
  const app = await openCredentialEndpoint(desk, context);
  onShutdown(() => app.close());
  alarmInsecure(context, {
    'credential endpoint': await urlOf(app),
    gateway: config.GATEWAY_URL,
    'cluster NATS': natsUrl,
  });
  return desk;
}
