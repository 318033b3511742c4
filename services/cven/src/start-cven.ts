/**
 * The start of a C-VEN, in the order that leaves no window: who am I (stored or asked), enforce the stored view, find Pods,
 * then the bus, then the present view. Nothing here waits for NATS before what is known is enforced.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { connectBus, nodeInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { CredentialResponse } from '@ringfence/contracts';
import { nestLogger } from '@ringfence/service-host';
import type { RunningService } from '@ringfence/service-host';
import { PodRuntimeClient } from './adapters/cri/pod-runtime.client.js';
import type { NodeCredential } from './adapters/credential.client.js';
import { controlEndpoints, isReachable } from './adapters/control-channel.js';
import { hostAddresses } from './adapters/host-addresses.js';
import { NodeViewConsumer } from './adapters/node-view.consumer.js';
import { Uplink } from './adapters/uplink.js';
import { HostConfirmation } from './agent/host-confirmation.js';
import { NodeAgent } from './agent/node-agent.js';
import { TableRecords } from './agent/table-records.js';
import { agentMetrics } from './agent-metrics.js';
import type { AgentMetrics } from './agent-metrics.js';
import { CREDENTIAL, CREDENTIAL_STATE, cvenModule, KERNEL, STATE_FILES } from './cven.module.js';
import type { Availability, Context, ObservedKernel, StateFiles } from './cven.module.js';
import { DesiredTables } from './domain/desired-tables.calculator.js';
import { FlowBatches } from './domain/flow-batches.calculator.js';
import { hostGroups } from './domain/host-essentials.js';
import type { HostEssentialOptions } from './domain/host-essentials.js';
import { ViewState } from './domain/view.state.js';
import { startHeartbeat } from './heartbeat.js';
import { every } from './timers.js';

const RUNTIME_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/var/run/cri-dockerd.sock',
];
const TAMPER_EVERY_MS = 1_000;
const SAVE_AFTER_MS = 500;
const RESOLVE_EVERY_MS = 60_000;
const FLUSH_WITHIN_MS = 3_000;

export async function startCven(context: Context): Promise<RunningService> {
  const app = await NestFactory.createApplicationContext(cvenModule(context), {
    logger: nestLogger(context.logger),
    abortOnError: false,
  });
  const files = app.get<StateFiles>(STATE_FILES);
  const kernel = app.get<ObservedKernel>(KERNEL);
  const credentials = app.get<NodeCredential>(CREDENTIAL);
  const availability = app.get<Availability>(CREDENTIAL_STATE);
  context.health.require('credential', () => availability.state);
  const metrics = agentMetrics(context.metrics);
  const identity = await credentials.obtain();
  credentials.keepFresh();
  const parts = await assemble(context, { files, kernel, identity, metrics });
  startRuntime(context, parts);
  startTimers(context, parts);
  const bus = await connectControl(context, { credentials, identity, parts });
  startHeartbeat({ context, bus, parts, identity });
  return {
    drain: async () => {
      await parts.agent.endInterval();
      await parts.uplink.close(FLUSH_WITHIN_MS);
      files.tables.flush();
      files.view.flush();
      await app.close();
    },
  };
}

export interface Parts {
  readonly agent: NodeAgent;
  readonly uplink: Uplink;
  readonly view: ViewState;
  readonly metrics: AgentMetrics;
  readonly kernel: ObservedKernel;
  resolveControl(): Promise<void>;
  viewState: true | string;
  isUnpaired: boolean;
}

interface Assembly {
  readonly files: StateFiles;
  readonly kernel: ObservedKernel;
  readonly identity: CredentialResponse;
  readonly metrics: AgentMetrics;
}

async function assemble(context: Context, { files, kernel, identity, metrics }: Assembly): Promise<Parts> {
  const { config, logger } = context;
  const node = identity.name;
  const bootId = randomUUID();
  const view = new ViewState();
  let host: HostEssentialOptions = {
    control: [],
    adminPorts: config.RINGFENCE_ADMIN_PORTS,
    managementPort: config.RINGFENCE_MANAGEMENT_PORT,
  };
  const resolveControl = async (): Promise<void> => {
    const control = await controlEndpoints([config.CLAS_URL, identity.natsUrl]);
    if (JSON.stringify(control) === JSON.stringify(host.control)) return;
    host = { ...host, control };
    view.setFixedGroups(hostGroups(host));
    parts.agent.reconcile();
  };
  const trouble = (what: string, error: unknown): void => logger.warn({ err: error }, what);
  const uplink = new Uplink({
    cluster: identity.cluster,
    node,
    queueBytes: config.RINGFENCE_FLOW_QUEUE_MIB * 1024 * 1024,
    onDropped: (flows) => metrics.flowsDropped.add(flows),
    onError: trouble,
  });
  const records: TableRecords = new TableRecords(files.tables.read() ?? {}, () =>
    files.tables.writeLater(
      () => records.toFile(),
      SAVE_AFTER_MS,
      (error) => trouble('the records of tables could not be kept', error),
    ),
  );
  view.setFixedGroups(hostGroups(host));
  const agent = new NodeAgent({
    node,
    bootId,
    host: { kind: 'host', id: 'host', netns: `/proc/${process.pid}/ns/net`, node },
    kernel: kernel.port,
    view,
    desired: new DesiredTables(view, () => host, randomInt(1, 65_536)),
    records,
    flows: new FlowBatches({ node, bootId }, new Date().toISOString()),
    confirmation: new HostConfirmation({
      isReachable: () => isReachable(host.control),
      withinMs: config.RINGFENCE_HOST_CONFIRM_SECONDS * 1000,
      onRollback: () => metrics.hostRollbacks.add(),
    }),
    hostAddresses,
    events: {
      onSandboxSeen: (id, seen) => uplink.sandboxSeen(id, seen),
      onAck: (ack) => uplink.acknowledge(ack),
      onFlowBatches: (batches) => uplink.flowBatches(batches),
      onFlows: (named, overflow, disagreements) => metrics.onFlows(named, overflow, disagreements),
      onApplied: (ms) => metrics.apply.record(ms / 1000),
      onPass: (revision, pods) => {
        metrics.onPass(revision, pods);
        files.view.writeLater(
          () => view.snapshot(node, new Date().toISOString()),
          SAVE_AFTER_MS,
          (error) => trouble('the view could not be kept', error),
        );
      },
      onHealed: (place) => {
        metrics.heals.add();
        logger.warn({ place: place.id }, 'somebody changed our rules: restored');
      },
      onTrouble: trouble,
      onUnpaired: () => {
        parts.isUnpaired = true;
        for (const file of [files.view, files.tables, files.credential]) file.remove();
        logger.info('unpaired: every rule of ours is removed');
      },
    },
  });
  const parts: Parts = {
    agent,
    uplink,
    view,
    metrics,
    kernel,
    resolveControl,
    viewState: 'no view from clas-cache yet',
    isUnpaired: false,
  };
  kernel.onLost = (reason) => {
    metrics.helperRestarts.add();
    logger.error({ reason }, 'the kernel helper ended; starting another one');
    agent.doubtEverything();
  };
  await resolveControl();
  const stored = files.view.read();
  if (stored !== undefined) agent.takeView(stored);
  return parts;
}

function startRuntime({ config, health, logger, onShutdown }: Context, { agent, uplink }: Parts): void {
  let state: true | string = 'the container runtime was not asked yet';
  const socket = config.RINGFENCE_CRI_SOCKET || RUNTIME_SOCKETS.find((path) => existsSync(path));
  health.require('container runtime', () => state);
  if (socket === undefined) {
    state = `no container runtime socket found (${RUNTIME_SOCKETS.join(', ')}); set RINGFENCE_CRI_SOCKET`;
    return;
  }
  const runtime = new PodRuntimeClient({
    socket,
    onAppear: (sandbox) => agent.takeSandbox(sandbox),
    onGone: (id) => {
      uplink.sandboxGone(id);
      void agent.dropSandbox(id);
    },
    onState: (next) => {
      if (state !== next && next !== true) logger.warn({ socket }, next);
      state = next;
    },
    onError: (error) => logger.debug({ err: error }, 'a sandbox could not be asked about'),
  });
  runtime.start();
  onShutdown(() => runtime.close());
}

function startTimers({ config, onShutdown, logger }: Context, parts: Parts): void {
  const onError = (error: unknown): void => logger.warn({ err: error }, 'something regular failed');
  const timers = [
    every(
      config.RINGFENCE_FLOW_INTERVAL_SECONDS * 1000,
      () => (parts.isUnpaired ? Promise.resolve() : parts.agent.endInterval()),
      onError,
    ),
    every(
      TAMPER_EVERY_MS,
      () => (parts.isUnpaired ? Promise.resolve() : parts.agent.lookForTampering()),
      onError,
    ),
    every(RESOLVE_EVERY_MS, () => parts.resolveControl(), onError),
  ];
  for (const timer of timers) onShutdown(() => timer.stop());
}

interface Control {
  readonly credentials: NodeCredential;
  readonly identity: CredentialResponse;
  readonly parts: Parts;
}

async function connectControl(context: Context, { credentials, identity, parts }: Control): Promise<Bus> {
  const { health, logger, metrics, onShutdown, signal } = context;
  let bus: Bus | undefined;
  let consumer: NodeViewConsumer | undefined;
  health.require('nats', () => bus?.availability() ?? 'connecting to the cluster NATS');
  health.require('view', () => (parts.isUnpaired ? 'the node is unpaired' : parts.viewState));
  bus = await connectBus({
    servers: identity.natsUrl,
    name: identity.name,
    server: 'cluster',
    // A server without authentication gives none.
    ...(identity.jwt === '' ? {} : { credentials: () => credentials.current() }),
    inboxPrefix: nodeInbox(identity.name),
    metrics,
    onState: ({ connected, detail }) => {
      logger[connected ? 'info' : 'warn']({ detail }, 'cluster NATS');
      if (connected) consumer?.resync();
    },
    signal,
  });
  onShutdown(() => bus.close());
  parts.uplink.connect(bus);
  consumer = new NodeViewConsumer({
    bus,
    cluster: identity.cluster,
    node: identity.name,
    take: (view) => parts.agent.takeView(view),
    onState: (state) => {
      if (parts.viewState !== state && state !== true) logger.warn(state);
      parts.viewState = state;
    },
  });
  onShutdown(() => consumer?.close());
  return bus;
}
