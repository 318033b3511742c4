/**
 * The simulated C-VEN of one node: the contract of a real one towards clas-cache (credential, view, acks, sandboxes,
 * heartbeats, flow batches), with the policy engine where the kernel would be. What is in force is what was last applied.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connectBus, nodeInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { subjects, VERSION } from '@ringfence/contracts';
import type {
  AgentHeartbeat,
  CredentialResponse,
  NodeAck,
  NodeSandboxes,
  NodeView,
} from '@ringfence/contracts';
import { NodeViewReader, Outbox, startAnew } from '@ringfence/edge';
import type { EdgeCredential } from '@ringfence/edge';
import type { Counter, HostContext } from '@ringfence/service-host';
import type { Config, SimulatedNode } from './config.js';
import { FlowIntervals } from './flow-intervals.js';
import type { EnforcedEnd, ReportedFlow } from './judge.js';
import { NodePolicy } from './node-policy.js';
import type { ApplyOutcome } from './node-policy.js';
import { simulatedCredential } from './simulated-credential.js';

export interface LocalPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

const SIMULATED = `${VERSION}-simulated`;
const HEARTBEAT_MS = 15_000;
const FLUSH_WITHIN_MS = 2_000;
const QUEUE_BYTES = 16 * 1024 ** 2;

type State = true | string;

export class SimulatedAgent {
  private readonly policy: NodePolicy;
  private readonly pods = new Map<string, LocalPod>();
  private readonly bootId = randomUUID();
  private readonly flows: FlowIntervals;
  private readonly outbox: Outbox;
  private readonly dropped: Counter;
  private identity: CredentialResponse | undefined;
  private bus: Bus | undefined;
  private reader: NodeViewReader | undefined;
  private viewState: State = 'no view from clas-cache yet';
  private sandboxLists = 0;
  private lastAck = '';
  private isUnpaired = false;

  constructor(
    readonly node: SimulatedNode,
    private readonly context: HostContext<Config>,
  ) {
    const { metrics, logger } = context;
    this.policy = new NodePolicy([node.address]);
    this.flows = new FlowIntervals({ node: node.name, bootId: this.bootId }, now());
    this.dropped = metrics.counter('simulated_flow_batches_dropped_total', 'Batches without room to wait');
    this.outbox = new Outbox({
      queueBytes: QUEUE_BYTES,
      onError: (what, error) => logger.warn({ err: error, node: node.name }, what),
    });
  }

  /** Resolves when the node is connected; the view follows. Nothing here gives up while clas-cache or NATS is away. */
  async start(): Promise<void> {
    const { config, health, logger, onShutdown } = this.context;
    const { name } = this.node;
    const credential = this.credential();
    health.require(`credential of ${name}`, () => credential.availability());
    health.require(`NATS for ${name}`, () => this.bus?.availability() ?? 'not connected yet');
    health.require(`view of ${name}`, () => (this.isUnpaired ? 'the node is unpaired' : this.viewState));
    this.identity = await credential.obtain();
    credential.keepFresh({ onMoved: () => startAnew(logger) });
    this.bus = await this.connect(credential, this.identity);
    this.outbox.connect(this.bus);
    this.tellSandboxes();
    this.read(this.bus, this.identity);
    const timers = [
      setInterval(() => void this.beat(this.isUnpaired ? 'unpaired' : 'active'), HEARTBEAT_MS),
      setInterval(() => this.endInterval(), config.RINGFENCE_FLOW_INTERVAL_SECONDS * 1_000),
    ];
    onShutdown(() => timers.forEach((timer) => clearInterval(timer)));
    await this.beat('active');
  }

  podStarted(pod: LocalPod): void {
    this.pods.set(pod.uid, pod);
    this.tellSandboxes();
    this.acknowledge(0);
  }

  podEnded(uid: string): void {
    if (!this.pods.delete(uid)) return;
    this.tellSandboxes();
    this.acknowledge(0);
  }

  /** Null: nothing is enforced at this Pod. */
  endOf(pod: LocalPod): EnforcedEnd | null {
    return this.pods.has(pod.uid) && !this.isUnpaired ? this.policy.endOf(pod) : null;
  }

  report(pod: LocalPod, end: EnforcedEnd, flow: ReportedFlow): void {
    const inForce = this.policy.inForce ?? { revision: 0, policyVersion: 0 };
    this.flows.add({ reporter: pod.uid, mode: end.mode, inForce, flow });
  }

  async drain(): Promise<void> {
    this.endInterval();
    if (!this.isUnpaired) await this.beat('stopping');
    await this.outbox.close(FLUSH_WITHIN_MS);
  }

  private credential(): EdgeCredential {
    const { config, signal } = this.context;
    return simulatedCredential(this.node, {
      clasUrl: config.CLAS_URL,
      caFile: config.RINGFENCE_CA,
      pairingKey: config.RINGFENCE_PAIRING_KEY,
      version: SIMULATED,
      signal,
    });
  }

  private async connect(credential: EdgeCredential, identity: CredentialResponse): Promise<Bus> {
    const { logger, metrics, signal, onShutdown } = this.context;
    const bus = await connectBus({
      servers: identity.natsUrl,
      name: identity.name,
      server: 'cluster',
      caFile: this.context.config.RINGFENCE_CA,
      credentials: () => credential.current(),
      onRefused: () => credential.refused(),
      inboxPrefix: nodeInbox(identity.name),
      metrics,
      onState: ({ connected, detail }) => {
        logger[connected ? 'info' : 'warn']({ detail, node: identity.name }, 'cluster NATS');
        // Deltas that were sent meanwhile are lost.
        if (connected) this.reader?.resync();
      },
      signal,
    });
    onShutdown(() => bus.close());
    return bus;
  }

  private read(bus: Bus, { cluster, name }: CredentialResponse): void {
    this.reader = new NodeViewReader({
      bus,
      cluster,
      node: name,
      take: (view) => this.takeView(view),
      onState: (state) => (this.viewState = this.told(this.viewState, state)),
    });
    this.context.onShutdown(() => this.reader?.close());
  }

  private takeView(view: NodeView): ApplyOutcome {
    const begun = performance.now();
    if (view.unpaired === true) {
      this.isUnpaired = true;
      this.policy.clear();
      void this.beat('unpaired');
      return 'applied';
    }
    const outcome = this.policy.apply(view);
    if (outcome === 'applied') this.acknowledge(performance.now() - begun);
    return outcome;
  }

  private acknowledge(applyMs: number): void {
    const { policy, node, identity, bootId } = this;
    const inForce = policy.inForce;
    if (inForce === undefined || identity === undefined || this.isUnpaired) return;
    const pods = this.enforcedPods().sort();
    const content = JSON.stringify([inForce.revision, pods]);
    if (content === this.lastAck) return;
    this.lastAck = content;
    const { revision } = inForce;
    const ack: NodeAck = { node: node.name, bootId, revision, at: now(), applyMs, pods, failed: [] };
    const subject = subjects.ack(identity.cluster, identity.name);
    this.outbox.tell('ack', () => ({ subject, payload: ack }));
  }

  private tellSandboxes(): void {
    const { identity, bootId } = this;
    if (identity === undefined) return;
    const sandboxes = [...this.pods.values()].map(({ uid, namespace, name, address }) => {
      return { podUid: uid, namespace, name, addresses: [address] };
    });
    const payload: NodeSandboxes = { bootId, sequence: (this.sandboxLists += 1), at: now(), sandboxes };
    const subject = subjects.sandboxes(identity.cluster, identity.name);
    this.outbox.tell('sandboxes', () => ({ subject, payload }));
  }

  private endInterval(): void {
    const { identity } = this;
    if (identity === undefined) return;
    const subject = subjects.flow(identity.cluster, identity.name);
    const onDone = (isStored: boolean): void => (isStored ? undefined : this.dropped.add());
    for (const batch of this.flows.take(now()))
      this.outbox.enqueue({ publication: { subject, payload: batch }, onDone });
  }

  private async beat(status: AgentHeartbeat['status']): Promise<void> {
    const { identity, bus, node } = this;
    if (identity === undefined || bus === undefined) return;
    const heartbeat: AgentHeartbeat = {
      node: identity.name,
      machineId: readFileSync(node.machineIdPath, 'utf8').trim(),
      version: SIMULATED,
      addresses: [node.address],
      revision: this.policy.inForce?.revision ?? 0,
      pods: this.pods.size,
      podsEnforced: this.enforcedPods().length,
      errors: [],
      observedAt: now(),
      status,
      // Its kernel is as good as its policy.
      judging: this.policy.inForce !== undefined,
    };
    try {
      await bus.publish(subjects.heartbeat(identity.cluster, identity.name), heartbeat);
    } catch (error) {
      this.context.logger.warn({ err: error, node: node.name }, 'no heartbeat could be sent');
    }
  }

  /** What is missing is logged once, not at every try. */
  private told(before: State, state: State): State {
    if (state !== before && state !== true) this.context.logger.warn({ node: this.node.name }, state);
    return state;
  }

  private enforcedPods(): string[] {
    return [...this.pods.keys()].filter((uid) => this.policy.isEnforced(uid));
  }
}

const now = (): string => new Date().toISOString();
