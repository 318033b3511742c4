/**
 * The start of a C-VEN, in the order that leaves no window: who am I (stored, however long ago, or asked), enforce the stored view,
 * find Pods, then a credential that is taken, the bus, the present view. Whoever was here before waits for nobody before what is
 * known is enforced, and before its own table lets it go where clas-cache is now.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus, nodeInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { isMoved, NodeViewReader, startAnew } from '@ringfence/edge';
import type { EdgeCredential, KeptCredential } from '@ringfence/edge';
import { alarmInsecure } from '@ringfence/service-host';
import type { RunningService } from '@ringfence/service-host';
import { PodRuntimeClient } from './adapters/cri/pod-runtime.client.js';
import { hostAddresses } from './adapters/host-addresses.js';
import { Birth } from './birth/birth.js';
import type { Places } from './birth/birth-gate.js';
import { agentMetrics } from './agent-metrics.js';
import { AgentParts } from './agent-parts.js';
import { openCven } from './cven.js';
import type { Context, StateFiles } from './cven.js';
import { forgetOthers, machineIdOf } from './own-state.js';
import { startHeartbeat } from './heartbeat.js';
import { every } from './timers.js';

const RUNTIME_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/var/run/cri-dockerd.sock',
];
const TAMPER_EVERY_MS = 1_000;
const TELL_EVERY_MS = 1_000;
const SOURCES_EVERY_MS = 1_000;
const LOOK_AROUND_EVERY_MS = 30_000;
const LOOK_AROUND_WITHIN_MS = 2_000;
const FLUSH_WITHIN_MS = 3_000;

export async function startCven(context: Context): Promise<RunningService> {
  const { files, kernel, credential } = await openCven(context);
  context.health.require('credential', () => credential.availability());
  const identity = credential.lastKnown ?? (await credential.obtain());
  ownState(context, files, identity);
  const metrics = agentMetrics(context.metrics);
  const parts = new AgentParts(context, { files, kernel, metrics, identity });
  const birth = new Birth({
    context,
    places: placesOfBirth(parts),
    namespaces: () => parts.view.managedNamespaces(),
    kernel: () => kernel.port,
    hostAddresses,
  });
  parts.onView = (isUnpaired) => birth.follow(isUnpaired);
  context.health.fact('sources', () => parts.sources.trouble ?? 'tied');
  await lookAround(context, parts);
  await parts.sources.look();
  parts.resume();
  await birth.start();
  startRuntime(context, parts, birth);
  startTimers(context, parts);
  await keepCredential(context, credential, { identity, parts });
  await connectControl(context, credential, parts);
  startHeartbeat({ context, parts, birth, identity });
  return {
    drain: async () => {
      if (!parts.isUnpaired) await parts.agent.endInterval();
      await parts.uplink.close(FLUSH_WITHIN_MS);
      parts.save();
    },
  };
}

/** From here on with a credential that the cluster takes. */
async function keepCredential(
  { logger }: Context,
  credential: EdgeCredential,
  { identity, parts }: { identity: KeptCredential; parts: AgentParts },
): Promise<void> {
  const onMoved = (): void => startAnew(logger);
  if (isMoved(identity, await credential.obtain())) onMoved();
  credential.keepFresh({ isWanted: () => !parts.isUnpaired, onMoved });
}

function ownState({ config, logger }: Context, files: StateFiles, { cluster, name }: KeptCredential): void {
  const owner = { machineId: machineIdOf(config) ?? '', cluster, node: name };
  if (forgetOthers(files, config.RINGFENCE_DATA_DIR, owner))
    logger.warn(owner, 'what was left here is of another node: it is forgotten');
  if (files.owner.read() === undefined) files.owner.write(owner);
}

/** A new Pod's address is its own, and its packets are tied to it, before anything of it runs. */
function placesOfBirth({ agent, sources }: AgentParts): Places {
  return {
    takeSandbox: (sandbox) => {
      agent.takeSandbox(sandbox);
      sources.seen(sandbox);
    },
    dropSandbox: (id) => {
      sources.gone(id);
      return agent.dropSandbox(id);
    },
    decided: async (id, withinMs) => {
      const fate = await agent.decided(id, withinMs);
      await sources.look();
      return fate;
    },
  };
}

/** Whoever does not answer (a name server that is away) must not keep policy out of the kernel. */
async function lookAround({ signal }: Context, parts: AgentParts): Promise<void> {
  await Promise.race([parts.lookAround(), sleep(LOOK_AROUND_WITHIN_MS, undefined, { signal })]);
}

function startRuntime(
  { config, health, logger, onShutdown }: Context,
  { agent, sources }: AgentParts,
  birth: Birth,
): void {
  let state: true | string = 'the container runtime was not asked yet';
  const socket = config.RINGFENCE_CRI_SOCKET || RUNTIME_SOCKETS.find((path) => existsSync(path));
  health.require('container runtime', () => state);
  if (socket === undefined) {
    state = `no container runtime socket found (${RUNTIME_SOCKETS.join(', ')}); set RINGFENCE_CRI_SOCKET`;
    return;
  }
  const runtime = new PodRuntimeClient({
    socket,
    onAppear: (sandbox) => {
      agent.takeSandbox(sandbox);
      sources.seen(sandbox);
      birth.seen(sandbox);
    },
    onGone: (id) => {
      birth.gone(id);
      sources.gone(id);
      void agent.dropSandbox(id);
    },
    onState: (next) => {
      if (state !== next && next !== true) logger.warn({ socket }, next);
      if (next === true) {
        agent.listed();
        birth.listed();
        sources.listed();
      }
      state = next;
    },
    onError: (error) => logger.debug({ err: error }, 'a sandbox could not be asked about'),
  });
  runtime.start();
  onShutdown(() => runtime.close());
}

function startTimers({ config, onShutdown, logger }: Context, parts: AgentParts): void {
  const onError = (error: unknown): void => logger.warn({ err: error }, 'something regular failed');
  const timers = [
    every(
      config.RINGFENCE_FLOW_INTERVAL_SECONDS * 1000,
      () => (parts.isUnpaired ? Promise.resolve() : parts.agent.endInterval()),
      onError,
    ),
    every(TAMPER_EVERY_MS, () => parts.agent.lookForTampering(), onError),
    every(
      TELL_EVERY_MS,
      () => {
        parts.agent.tellWhatIsNotInForce();
        return Promise.resolve();
      },
      onError,
    ),
    every(SOURCES_EVERY_MS, () => parts.sources.look(), onError),
    every(LOOK_AROUND_EVERY_MS, () => parts.lookAround(), onError),
  ];
  for (const timer of timers) onShutdown(() => timer.stop());
}

async function connectControl(
  context: Context,
  credential: EdgeCredential,
  parts: AgentParts,
): Promise<void> {
  const { health, logger, metrics, onShutdown, signal } = context;
  const identity = credential.current();
  const control: { bus?: Bus; reader?: NodeViewReader } = {};
  health.require('nats', () => control.bus?.availability() ?? 'connecting to the cluster NATS');
  health.require('view', () => (parts.isUnpaired ? 'the node is unpaired' : parts.viewState));
  alarmInsecure(context, {
    'credential endpoint': context.config.CLAS_URL,
    'cluster NATS': identity.natsUrl,
  });
  const bus = await connectBus({
    servers: identity.natsUrl,
    name: identity.name,
    server: 'cluster',
    caFile: context.config.RINGFENCE_CA,
    // A server without authentication gives none.
    ...(identity.jwt === '' ? {} : { credentials: () => credential.current() }),
    onRefused: () => credential.refused(),
    inboxPrefix: nodeInbox(identity.name),
    metrics,
    onState: ({ connected, detail }) => {
      logger[connected ? 'info' : 'warn']({ detail }, 'cluster NATS');
      if (!connected) return;
      control.reader?.resync();
      parts.uplink.connectedAgain();
    },
    signal,
  });
  control.bus = bus;
  onShutdown(() => bus.close());
  parts.uplink.connect(bus);
  const reader = new NodeViewReader({
    bus,
    cluster: identity.cluster,
    node: identity.name,
    take: (view) => parts.takeView(view),
    onState: (state) => {
      if (parts.viewState !== state && state !== true) logger.warn(state);
      parts.viewState = state;
    },
  });
  control.reader = reader;
  onShutdown(() => reader.close());
}
