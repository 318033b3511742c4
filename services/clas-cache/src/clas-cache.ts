/**
 * Puts clas-cache together, without a framework. What happens inside the store is drawn in domain/cluster-graph.ts.
 *
 *   cluster NATS                                                                        control NATS
 *   OBSERVATIONS, AGENTS ──▶ facts ──▶ ActorStore ◀── policy ◀── uplink ◀── POLICY
 *   ACKS, READINESS ───────▶ acks ───────▶ │
 *                                          │ settle (store-loop)
 *                                          ├──▶ policy.<c>.view.<node>        (deltas to C-VENs)
 *                                          ├──▶ READINESS                     (to Kubelink)
 *                                          └──▶ uplink ──▶ acks, pulse ─────▶ ACKS
 *   node-snapshot ◀── nodes ──▶ store-loop
 *   FLOWS batch ──▶ flows ──▶ DECORATED ──▶ uplink ─────────────────────────▶ FLOWS
 *   OBSERVATIONS ──(all but Pods)─────────▶ uplink ─────────────────────────▶ OBSERVATIONS
 *                   explain, report ◀────── uplink ◀── ask.<c>.*, answer.<c>.* ──┘
 */
import { beforeServing, connectBus, credsFile, ensureStreams, serviceInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { ApiClient } from '@ringfence/kubernetes';
import type { HostContext } from '@ringfence/service-host';
import { openClusterLanes } from './adapters/cluster-lanes.js';
import { followUnpaired, openAdmission } from './adapters/credentials/admission.js';
import type { Admission } from './adapters/credentials/admission.js';
import type { CredentialDesk } from './adapters/credentials/credential-desk.js';
import { ServerMemory } from './adapters/credentials/server-memory.js';
import { UnheardPods } from './adapters/facts/unheard-pods.js';
import { openKubernetes } from './adapters/kubernetes.js';
import { RefusalWarnings } from './adapters/refusal-warnings.js';
import { refusalsOf } from './adapters/refusals.js';
import { NodeGate } from './adapters/nodes/node-gate.js';
import { Refusals } from './adapters/nodes/refusals.js';
import { StateFiles } from './adapters/store/state-files.store.js';
import { StateKeeper } from './adapters/store/state-keeper.js';
import { StoreLoop } from './adapters/store/store-loop.js';
import { ControlUplink } from './adapters/uplink/control-uplink.js';
import { controlPlaneClient } from './adapters/uplink/control-plane.client.js';
import type { ControlPlaneClient } from './adapters/uplink/control-plane.client.js';
import type { Config } from './config.js';
import type { ActorStore } from './domain/actor-store.js';
import { manifest } from './manifest.js';

type Context = HostContext<Config>;
/** Of what is there already while the rest is opened. */
interface Parts {
  uplink?: ControlUplink;
  bus?: Bus;
}

export interface ClasCache {
  close(): Promise<void>;
}

/** Long enough for a person to be told, short enough for an agent that was only out of its mind. */
const SUSPENDED_FOR_MS = 300_000;

/** `listen`: agents may be answered before the cluster's NATS is there. */
export async function openClasCache(
  context: Context,
  listen: (desk: CredentialDesk) => Promise<void>,
): Promise<ClasCache> {
  const { config, logger, metrics, signal, onShutdown } = context;
  const files = openFiles(context);
  const keeper = openKeeper(context, files);
  const { store } = keeper;
  const client = gatewayOf(config);
  const parts: Parts = {};
  const { net, client: kubernetes, vouching } = openKubernetes(context, files);
  const admission = openAdmission(context, {
    ...{ files, vouching, controlPlane: client },
    bus: () => parts.bus,
    refusedBecause: () => parts.uplink?.refusal ?? null,
  });
  await listen(admission.desk);
  await keeper.begin(signal);
  const { bus, memory } = await openServer(context, parts, admission);
  const common = { cluster: config.CLUSTER_ID, store, metrics, logger };
  const loop = new StoreLoop({
    ...{ ...common, bus, net },
    uplink: () => parts.uplink,
    onSettled: () => keeper.settled(),
    toldIsKept: () => keeper.toldIsKept(),
  });
  const refusals = new Refusals({ metrics, logger, tell: (refusal) => parts.uplink?.refused(refusal) });
  const uplink = (parts.uplink = openUplink(context, { client, bus, keeper, loop, refusals }));
  showFacts(context, { store, uplink, refusals });
  const gate = nodeGate(context, refusals, admission);
  const unpaired = followUnpaired(context, admission, () => store.unpairedNodes());
  const unheard = readUnheard(context, kubernetes, { store, loop, refusals });
  const warnings = openWarnings(context, kubernetes, store);
  const lanes = await openClusterLanes({
    ...{ ...common, bus, loop, refusals, gate },
    onStatus: (node, status) => unpaired?.heard(node, status),
  });
  onShutdown(() => keeper.close());
  return {
    close: async () => {
      refusals.close();
      await Promise.all([lanes.close(), uplink.close(), unheard?.close(), warnings?.close()]);
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

function openWarnings(
  { logger }: Context,
  client: ApiClient | undefined,
  store: ActorStore,
): RefusalWarnings | undefined {
  if (client === undefined) return undefined;
  const onTrouble = (message: string, error: unknown): void => logger.warn({ err: error }, message);
  return new RefusalWarnings({ client, refusals: () => refusalsOf(store), onTrouble });
}

const gatewayOf = (config: Config): ControlPlaneClient =>
  controlPlaneClient({
    gatewayUrl: config.GATEWAY_URL,
    cluster: config.CLUSTER_ID,
    token: config.CLUSTER_TOKEN,
    caFile: config.RINGFENCE_CA,
  });

interface Joined {
  readonly client: ControlPlaneClient;
  readonly bus: Bus;
  readonly keeper: StateKeeper;
  readonly loop: StoreLoop;
  readonly refusals: Refusals;
}

const openUplink = (
  { config, metrics, logger, signal }: Context,
  { client, bus, keeper, loop, refusals }: Joined,
): ControlUplink =>
  new ControlUplink({
    ...{ cluster: config.CLUSTER_ID, store: keeper.store, client, metrics, logger, signal },
    caFile: config.RINGFENCE_CA,
    clusterBus: bus,
    onPolicy: (told) => {
      keeper.told(told);
      loop.poke();
    },
    answers: {
      explain: (question) => loop.explain(question),
      // Whoever asks reaches us over the uplink.
      report: ({ supportReportOf: node }) => loop.report(node, refusals.of(node)),
    },
  });

interface Shown {
  readonly store: ActorStore;
  readonly uplink: ControlUplink;
  readonly refusals: Refusals;
}

function showFacts({ health }: Context, { store, uplink, refusals }: Shown): void {
  health.fact('refused claims of nodes', () => refusals.fact());
  health.fact('control plane', () => uplink.state);
  health.require('policy lane', () => uplink.progress());
  health.fact('NetworkPolicies', () => networkPolicies(store));
  health.fact('policy', () => `version ${store.policyVersion}, revision ${store.revision}`);
  health.fact('places not in force', () => notInForce(store.notInForceCounts()));
  health.fact('pods whose peers have not all acknowledged', () => String(store.waitingPods));
}

/** Some of those that are refused, by their field. */
function networkPolicies(store: ActorStore): string {
  const refused = [...store.refusedNetworkPolicies()];
  const named = refused
    .slice(0, 3)
    .map(({ namespace, name, field, message }) => `${namespace}/${name}: ${field} ${message}`);
  return [`${String(store.networkPolicyCount)}, ${String(refused.length)} refused`, ...named].join('; ');
}

function notInForce(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([reason, count]) => `${String(count)} ${reason}`).join(', ') || 'none';
}

const openFiles = ({ config, logger }: Context): StateFiles =>
  new StateFiles(config.RINGFENCE_DATA_DIR, (file, error) =>
    logger.error({ err: error, file }, 'a state file cannot be read and is left out'),
  );

function openKeeper({ config, health, logger }: Context, files: StateFiles): StateKeeper {
  const options = {
    cluster: config.CLUSTER_ID,
    readinessTimerSeconds: config.RINGFENCE_READINESS_TIMER,
    onRefusedTimer: (pod: string, value: string) =>
      logger.warn(
        { pod, value },
        'the readiness-gate-timer of this Pod is not a number from 0 to 300 and is ignored',
      ),
  };
  const keeper = new StateKeeper(files, options, logger);
  health.require('in sync', () => keeper.store.missing().join('; ') || true);
  health.fact('state on disk', () => keeper.unwritten ?? 'written');
  return keeper;
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
  await beforeServing({ logger, signal }, () => ensureStreams(bus, 'cluster'));
  return bus;
}

/** Without accounts nobody can be cut off: what is beyond a node's share is dropped all the same. */
function nodeGate({ logger }: Context, refusals: Refusals, { accounts }: Admission): NodeGate {
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
