/**
 * The agent of one node: brings the places (its Pods' network namespaces and its own) to what the view wants, again and
 * again, and says what is in the kernel. One pass at a time; whatever comes meanwhile is in the next pass. Between passes
 * it ends flow intervals and looks for tampering. It never flushes: without a view it leaves everything as it finds it.
 */
import { Causes, continueTraces } from '@ringfence/bus';
import type { NodeAck, NodeView, SandboxSeen } from '@ringfence/contracts';
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import type {
  Desired,
  DesiredTable,
  DesiredTables,
  HostPlace,
  Place,
} from '../domain/desired-tables.calculator.js';
import type { FlowBatches, InForce } from '../domain/flow-batches.calculator.js';
import { nameFlows } from '../domain/flow-naming.js';
import { splitForwarded } from '../domain/forwarded-flows.js';
import type { ApplyOutcome, ViewState } from '../domain/view.state.js';
import { KernelError } from '../kernel/kernel.port.js';
import type { FlowReading, Kernel } from '../kernel/kernel.port.js';
import type { AgentEvents } from './agent-events.js';
import { EnforcedPlace } from './enforced-place.js';
import type { Interval } from './enforced-place.js';
import type { HostConfirmation } from './host-confirmation.js';
import type { TableRecords } from './table-records.js';

export interface NodeAgentOptions {
  readonly node: string;
  readonly bootId: string;
  readonly host: HostPlace;
  readonly kernel: Kernel;
  readonly view: ViewState;
  readonly desired: DesiredTables;
  readonly records: TableRecords;
  readonly flows: FlowBatches;
  readonly confirmation: HostConfirmation;
  readonly hostAddresses: () => readonly string[];
  readonly events: AgentEvents;
}

type Failure = NodeAck['failed'][number];

/** A listing costs milliseconds; after a change that touched every Pod they are taken a few at a time. */
const LEARNED_PER_LOOK = 8;

export class NodeAgent {
  private readonly places = new Map<string, EnforcedPlace>();
  /** Of sandboxes, from the runtime: earlier than Kubernetes tells them. */
  private readonly addresses = new Map<string, readonly string[]>();
  /** What each place was last brought to; an identical wish needs no look. */
  private readonly settled = new Map<string, Desired>();
  private failures = new Map<string, Failure>();
  private inForce: InForce = { revision: 0, policyVersion: 0 };
  private lastAck = '';
  private wanted = false;
  /** Of the next pass. */
  private readonly causes = new Causes();
  private pass: Promise<void> | undefined;
  private unpaired = false;

  constructor(private readonly options: NodeAgentOptions) {
    this.add(options.host);
  }

  takeView(view: NodeView): ApplyOutcome {
    const outcome = this.options.view.apply(view);
    if (outcome !== 'applied') return outcome;
    const wasUnpaired = this.unpaired;
    this.unpaired = view.unpaired === true;
    if (this.unpaired && !wasUnpaired) void this.unpair();
    else if (!this.unpaired) {
      if (wasUnpaired) this.options.events.onPaired();
      this.reconcile();
    }
    return outcome;
  }

  takeSandbox(sandbox: FoundSandbox): void {
    const { id, podUid, namespace, name, netns, addresses } = sandbox;
    if (netns === null) return;
    this.addresses.set(id, addresses);
    if (!this.places.has(id)) {
      this.add({ kind: 'pod', id, netns, podUid, namespace, name });
      this.reconcile();
    }
    if (addresses.length === 0) return;
    const seen: SandboxSeen = {
      node: this.options.node,
      podUid,
      namespace,
      name,
      addresses: [...addresses],
      at: new Date().toISOString(),
    };
    this.options.events.onSandboxSeen(id, seen);
  }

  /** Closes at once: a kept socket would keep the namespace alive. */
  async dropSandbox(id: string): Promise<void> {
    const place = this.places.get(id);
    if (place === undefined) return;
    this.places.delete(id);
    this.settled.delete(id);
    this.failures.delete(id);
    try {
      await place.release();
    } catch (error) {
      this.options.events.onTrouble('a namespace could not be closed in order', error);
    }
    // Only now: its last flows needed them.
    if (!this.places.has(id)) this.addresses.delete(id);
  }

  reconcile(): void {
    this.wanted = true;
    this.causes.add();
    this.pass ??= this.passes().finally(() => {
      this.pass = undefined;
    });
  }

  /** Resolves when everything known so far is in the kernel or has failed. */
  async settledDown(): Promise<void> {
    while (this.pass !== undefined) await this.pass;
  }

  async endInterval(): Promise<void> {
    await Promise.all(
      [...this.places.values()].map((place) => this.attempt('flows could not be read', () => place.rotate())),
    );
    this.options.events.onFlowBatches(this.options.flows.take(new Date().toISOString()));
  }

  async lookForTampering(): Promise<void> {
    const disturbed = new Set(await this.options.kernel.disturbed());
    const places = [...this.places.values()];
    const suspect = places.filter(({ place }) => disturbed.has(place.netns));
    const unlearned = places.filter((place) => place.isUnlearned).slice(0, LEARNED_PER_LOOK);
    await Promise.all([
      ...suspect.map((place) => this.inspect(place)),
      ...unlearned.map((place) => this.attempt('a table could not be listed', () => place.learn())),
    ]);
    const hasMoved = this.options.view.setHostAddresses(this.options.hostAddresses());
    if (this.failures.size > 0 || hasMoved) this.reconcile();
  }

  /** It is told only once that somebody was there: a look that fails must lead to another one. */
  private async inspect(place: EnforcedPlace): Promise<void> {
    try {
      await place.inspect();
    } catch (error) {
      this.options.events.onTrouble('a table could not be inspected', error);
      place.doubt();
      this.settled.delete(place.place.id);
      this.reconcile();
    }
  }

  /** The helper process was lost: every table is looked at anew. */
  doubtEverything(): void {
    for (const place of this.places.values()) place.doubt();
    this.settled.clear();
    this.reconcile();
  }

  counts(): { pods: number; enforced: number; revision: number; errors: readonly Failure[] } {
    const pods = this.pods();
    return {
      pods: pods.length,
      enforced: this.enforcedPods().length,
      revision: this.inForce.revision,
      errors: [...this.failures.values()],
    };
  }

  private async passes(): Promise<void> {
    // Several changes of one moment are one pass.
    await Promise.resolve();
    while (this.wanted && !this.unpaired) {
      this.wanted = false;
      await this.attempt('a pass over the places failed', () => this.tracedPass());
    }
  }

  private tracedPass(): Promise<void> {
    const { node, view } = this.options;
    const attributes = { 'k8s.node.name': node, 'ringfence.revision': view.revision ?? 0 };
    return continueTraces('apply policy to the kernel', this.causes.take(), () => this.onePass(), attributes);
  }

  private async onePass(): Promise<void> {
    const { view, desired, hostAddresses, events } = this.options;
    if (view.revision === undefined) return;
    const started = performance.now();
    view.setHostAddresses(hostAddresses());
    const target: InForce = { revision: view.revision, policyVersion: view.policyVersion };
    const wishes = desired.compute([...this.places.values()].map(({ place }) => place));
    await Promise.all([...wishes].map(([id, wish]) => this.settle(id, wish)));
    this.inForce = target;
    this.acknowledge(performance.now() - started);
    events.onPass(target.revision, this.pods().length);
  }

  private async settle(id: string, wish: Desired): Promise<void> {
    const place = this.places.get(id);
    if (place === undefined || this.settled.get(id) === wish) return;
    try {
      if ('failed' in wish) throw new PolicyRefused(wish.failed.token, wish.failed.message);
      await this.enforce(place, wish);
      this.settled.set(id, wish);
      this.failures.delete(id);
    } catch (error) {
      if (!this.places.has(id)) return; // It ended while we were at it.
      this.failures.set(id, failureOf(place.place, error));
      this.options.events.onTrouble(`the policy of ${id} is not in the kernel`, error);
    }
  }

  private async enforce(place: EnforcedPlace, wish: DesiredTable): Promise<void> {
    if (place.place.kind === 'pod') return place.enforce(wish);
    const lastGood = this.settled.get('host');
    await this.options.confirmation.enforce(
      place,
      wish,
      lastGood === undefined || 'failed' in lastGood ? undefined : lastGood,
    );
  }

  private acknowledge(applyMs: number): void {
    const { node, bootId, events } = this.options;
    const pods = this.enforcedPods().sort();
    const failed = [...this.failures.values()];
    const content = JSON.stringify([this.inForce.revision, pods, failed]);
    if (content === this.lastAck) return;
    this.lastAck = content;
    events.onAck({
      node,
      bootId,
      revision: this.inForce.revision,
      at: new Date().toISOString(),
      applyMs,
      pods,
      failed,
    });
  }

  private enforcedPods(): string[] {
    return this.pods().flatMap(({ id, podUid }) => {
      const settled = this.settled.get(id);
      return settled !== undefined && !('failed' in settled) && settled.isOwnPolicy && !this.failures.has(id)
        ? [podUid]
        : [];
    });
  }

  private pods(): Extract<Place, { kind: 'pod' }>[] {
    return [...this.places.values()].flatMap(({ place }) => (place.kind === 'pod' ? [place] : []));
  }

  private add(place: Place): void {
    const { kernel, records, events } = this.options;
    this.places.set(
      place.id,
      new EnforcedPlace(place, kernel, records, {
        onApplied: (ms) => events.onApplied(ms),
        onInterval: (interval) => this.collect(interval),
        onHealed: () => events.onHealed(place),
        onTrouble: (where, what, error) => events.onTrouble(`${what} (${where.id})`, error),
      }),
    );
  }

  private collect({ place, policy, reading, overflow }: Interval): void {
    if (place.kind === 'pod') return this.report(place, policy, reading, overflow);
    const { host, forwarded } = splitForwarded(reading, new Set(this.options.hostAddresses()));
    this.report(place, policy, host, overflow);
    if (forwarded.size === 0) return;
    for (const pod of this.pods()) {
      const settled = this.settled.get(pod.id);
      if (settled === undefined || 'failed' in settled) continue;
      for (const address of this.addressesOf(pod)) {
        const dropped = forwarded.get(address);
        if (dropped !== undefined) this.report(pod, settled, dropped, 0);
      }
    }
  }

  private report(place: Place, policy: DesiredTable, reading: FlowReading, overflow: number): void {
    const own = new Set(place.kind === 'host' ? this.options.hostAddresses() : this.addressesOf(place));
    const named = nameFlows(reading, { model: policy.model, unit: policy.unit, own });
    this.options.flows.add(place.kind === 'host' ? place.node : place.podUid, named, overflow, this.inForce);
    this.options.events.onFlows(named.flows.length, overflow, named.disagreements);
  }

  private addressesOf({ id, podUid }: Extract<Place, { kind: 'pod' }>): readonly string[] {
    const told = this.addresses.get(id) ?? [];
    return told.length > 0 ? told : (this.options.view.endpoint(podUid)?.addresses ?? []);
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.events.onTrouble(what, error);
    }
  }

  /** Removes everything that it made, and rests until it hears otherwise. */
  private async unpair(): Promise<void> {
    await this.settledDown();
    const places = [...this.places.values()];
    await Promise.all(
      places.map((place) => this.attempt('a table could not be removed', () => place.remove())),
    );
    this.settled.clear();
    this.failures.clear();
    this.options.events.onUnpaired();
  }
}

class PolicyRefused extends Error {
  constructor(
    readonly token: string,
    message: string,
  ) {
    super(message);
  }
}

function failureOf(place: Place, error: unknown): Failure {
  const token =
    error instanceof KernelError ? error.code : error instanceof PolicyRefused ? error.token : 'agent_error';
  return {
    pod: place.kind === 'pod' ? place.podUid : place.node,
    token,
    message: error instanceof Error ? error.message : String(error),
  };
}
