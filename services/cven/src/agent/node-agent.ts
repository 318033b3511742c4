/**
 * The agent of one node: brings the places (its Pods' network namespaces and its own) to what the view wants, again and
 * again, and says what is in the kernel and what is not. One pass at a time; whatever comes meanwhile is in the next pass.
 * Between passes it ends flow intervals and looks for tampering. It never flushes: without a view it leaves everything as
 * it finds it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Causes, continueTraces } from '@ringfence/bus';
import type { NodeAck, NodeView } from '@ringfence/contracts';
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import { askedMode } from '../domain/desired-tables.calculator.js';
import type { Desired, DesiredTable, DesiredTables, HostPlace } from '../domain/desired-tables.calculator.js';
import { EnforcementLedger } from '../domain/enforcement.ledger.js';
import type { FlowBatches, InForce } from '../domain/flow-batches.calculator.js';
import { tableOf } from '../domain/place.state.js';
import type { ApplyOutcome, ViewState } from '../domain/view.state.js';
import type { HelperNews } from '../kernel/nftables/helper/protocol.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import { Acknowledgements } from './acknowledgements.js';
import type { AgentEvents } from './agent-events.js';
import type { EnforcedPlace } from './enforced-place.js';
import { failureOf, PolicyRefused } from './failure.js';
import { FlowCollector } from './flow-collector.js';
import type { FlowRecords } from './flow-collector.js';
import type { HostConfirmation } from './host-confirmation.js';
import { PodFates } from './pod-fates.js';
import type { PodFate } from './pod-fates.js';
import { Places } from './places.js';
import type { TableRecords } from './table-records.js';
import { TamperWatch } from './tamper-watch.js';
import type { Tampering } from './tamper-watch.js';

export interface NodeAgentOptions {
  readonly node: string;
  readonly bootId: string;
  readonly host: HostPlace;
  readonly kernel: Kernel;
  readonly view: ViewState;
  readonly desired: DesiredTables;
  readonly records: TableRecords;
  readonly flows: FlowBatches;
  readonly flowRecords: FlowRecords;
  readonly confirmation: HostConfirmation;
  readonly hostAddresses: () => readonly string[];
  readonly events: AgentEvents;
}

/** Healed so often within half a minute, a place counts as not in force: it was open a part of that time. */
const ALARMING = 5;
/** So long an acknowledgement waits for the node's own table; then it says with which revision that one still is. */
const HOST_WITHIN_MS = 1_000;

export class NodeAgent {
  private readonly ledger = new EnforcementLedger();
  private readonly places: Places;
  private readonly flows: FlowCollector;
  private readonly tampering: TamperWatch;
  private readonly fates: PodFates;
  private readonly acknowledgements: Acknowledgements;
  private inForce: InForce = { revision: 0, policyVersion: 0 };
  private wanted = false;
  /** Of the next pass. */
  private readonly causes = new Causes();
  private pass: Promise<void> | undefined;
  /** The node's own table is being brought to what is asked. */
  private host: Promise<void> | undefined;
  private pairing: 'paired' | 'leaving' | 'left' = 'paired';
  private isListed = false;

  constructor(private readonly options: NodeAgentOptions) {
    const { kernel, view, events, hostAddresses, node, bootId } = options;
    const { ledger } = this;
    this.places = new Places({
      ...options,
      ledger,
      onInterval: (interval) => this.flows.collect(interval),
      lastRead: (key) => options.flowRecords.lastRead(key),
    });
    this.flows = new FlowCollector({
      batches: options.flows,
      records: options.flowRecords,
      view,
      hostAddresses,
      pods: () => ledger.pods(),
      settled: (id) => ledger.settled(id),
      inForce: () => this.inForceBefore(),
      events,
    });
    this.tampering = new TamperWatch({
      kernel,
      places: () => this.places.all(),
      onDoubt: (place) => this.doubt(place),
      onTampered: (tampering) => this.tampered(tampering),
      onTrouble: (what, error) => events.onTrouble(what, error),
    });
    this.fates = new PodFates({ view, ledger, places: this.places, reconcile: () => this.reconcile() });
    this.acknowledgements = new Acknowledgements({
      node,
      bootId,
      ledger,
      places: this.places,
      onAck: (ack) => events.onAck(ack),
    });
    this.places.add(options.host);
  }

  takeView(view: NodeView): ApplyOutcome {
    const outcome = this.options.view.apply(view);
    if (outcome !== 'applied') return outcome;
    const { isUnpaired } = this;
    if (view.unpaired !== true) this.pairing = 'paired';
    else if (!isUnpaired) this.pairing = 'leaving';
    if (isUnpaired && !this.isUnpaired) this.options.events.onPaired();
    this.reconcile();
    return outcome;
  }

  /** The runtime has told of every sandbox that there is. */
  listed(): void {
    if (this.isListed) return;
    this.isListed = true;
    this.reconcile();
  }

  takeSandbox(sandbox: FoundSandbox): void {
    const { id, podUid, namespace, name, netns, addresses } = sandbox;
    if (netns === null) return;
    // A source that does not know them yet says nothing about those that another one told.
    const hasMoved = addresses.length > 0 && this.flows.setAddresses(id, addresses);
    const isNew = this.places.add({ kind: 'pod', id, netns, podUid, namespace, name });
    // The node's own table speaks of its Pods' addresses too, managed or not.
    if (isNew || hasMoved) this.reconcile();
    if (addresses.length === 0 || podUid === '') return;
    this.options.events.onSandboxSeen(id, { podUid, namespace, name, addresses: [...addresses] });
  }

  /** Closes at once: a kept socket would keep the namespace alive. */
  async dropSandbox(id: string): Promise<void> {
    this.options.events.onSandboxGone(id);
    await this.places.drop(id);
    this.fates.forget(id);
    // Only now: its last flows needed them.
    if (!this.places.has(id)) this.flows.forget(id);
  }

  /**
   * What has become of a new sandbox: its own policy is in its kernel, it needs none, or, when that is not known in time,
   * everything but the essential is blocked. Throws when none of these can be had: then nobody may count on anything.
   */
  decided(sandboxId: string, withinMs: number): Promise<PodFate> {
    return this.isUnpaired ? Promise.resolve('none-needed') : this.fates.decided(sandboxId, withinMs);
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
    while (this.pass !== undefined || this.host !== undefined) await Promise.all([this.pass, this.host]);
  }

  async endInterval(): Promise<void> {
    await Promise.all(
      this.places.all().map((place) => this.attempt('flows could not be read', () => place.rotate())),
    );
    this.flows.tell();
  }

  async lookForTampering(): Promise<void> {
    if (this.isUnpaired) return this.reconcile();
    await this.tampering.look();
    const hasMoved = this.options.view.setHostAddresses(this.options.hostAddresses());
    if (this.ledger.failures().length > 0 || hasMoved) this.reconcile();
  }

  /** What the kernel told unasked. */
  takeNews(news: HelperNews): void {
    if (news.news === 'tampered') return this.tampering.told(news.netns, news.what, news.by);
    if (news.news === 'overflow')
      return void this.attempt('no look for tampering', () => this.tampering.look());
    this.options.events.onTrouble('tampering is found by asking only', new Error(news.reason));
  }

  /** Needs nothing of the kernel: that it does not answer is what must be told. */
  tellWhatIsNotInForce(): void {
    if (this.options.view.revision === undefined || this.isUnpaired) return;
    this.acknowledgements.tell(this.inForce.revision);
  }

  /** The helper process was lost: every table is looked at anew. */
  doubtEverything(): void {
    for (const place of this.places.all()) {
      place.doubt();
      this.doubt(place);
    }
  }

  counts(): { pods: number; enforced: number; revision: number; errors: NodeAck['failed'] } {
    return {
      pods: this.ledger.pods().length,
      enforced: this.ledger.enforcedPods().length,
      revision: this.inForce.revision,
      errors: this.ledger.failures(),
    };
  }

  /** Of the Pods of this node, as its runtime told them. */
  podAddresses(): ReadonlySet<string> {
    return new Set(this.places.all().flatMap(({ place }) => this.flows.addressesTold(place.id)));
  }

  /** The node's own table is in its kernel: it is believed about whom it hides behind its address. */
  get isJudging(): boolean {
    const host = this.places.get('host');
    return host !== undefined && tableOf(host.state) !== undefined && !this.isUnpaired;
  }

  private get isUnpaired(): boolean {
    return this.pairing !== 'paired';
  }

  /** What an earlier agent left in the kernel is as new as the view that it kept. */
  private inForceBefore(): InForce {
    const { revision = 0, policyVersion } = this.options.view;
    return this.inForce.revision === 0 ? { revision, policyVersion } : this.inForce;
  }

  private tampered(tampering: Tampering): void {
    const { place, what, by, count } = tampering;
    this.options.events.onTampered(tampering);
    if (count < ALARMING) return;
    const message = `somebody changes the table again and again, put right ${count} times in 30 s; last: ${what}, by ${by}`;
    this.ledger.alarm(place.id, { token: 'tampered_repeatedly', message }, Date.now());
  }

  private doubt({ place }: EnforcedPlace): void {
    this.ledger.doubt(place.id, Date.now());
    this.reconcile();
  }

  private async passes(): Promise<void> {
    // Several changes of one moment are one pass.
    await Promise.resolve();
    while (this.wanted) {
      this.wanted = false;
      await this.attempt('a pass over the places failed', () =>
        this.isUnpaired ? this.leave() : this.tracedPass(),
      );
    }
  }

  private tracedPass(): Promise<void> {
    const { node, view } = this.options;
    const attributes = { 'k8s.node.name': node, 'ringfence.revision': view.revision ?? 0 };
    return continueTraces('apply policy to the kernel', this.causes.take(), () => this.onePass(), attributes);
  }

  private async onePass(): Promise<void> {
    const { view, desired, hostAddresses, events } = this.options;
    if (view.revision === undefined) return this.lockTheHeld();
    const started = performance.now();
    view.setHostAddresses(hostAddresses());
    const target: InForce = { revision: view.revision, policyVersion: view.policyVersion };
    const wishes = desired.compute(
      this.places.all().map(({ place }) => place),
      (sandbox) => this.flows.addressesTold(sandbox),
    );
    const now = Date.now();
    for (const [id, wish] of wishes) this.ledger.ask(id, wish, now);
    const host = this.settleHost(wishes.get('host'));
    await Promise.all([...wishes].map(([id, wish]) => (id === 'host' ? undefined : this.settle(id, wish))));
    this.inForce = target;
    void Promise.race([host, sleep(HOST_WITHIN_MS)]).then(() =>
      this.acknowledgements.tell(this.inForce.revision, performance.now() - started),
    );
    events.onPass(target.revision, this.ledger.pods().length);
  }

  /**
   * A change of the node's own table waits until it is confirmed, a change of a Pod's for nobody. A wish that comes meanwhile
   * has its turn afterwards.
   */
  private settleHost(wish: Desired | undefined): Promise<void> {
    if (wish === undefined) return Promise.resolve();
    this.host ??= this.settle('host', wish).finally(() => {
      this.host = undefined;
      this.tellWhatIsNotInForce();
      if (this.ledger.failure('host') === undefined && !this.ledger.isSettled('host')) this.reconcile();
    });
    return this.host;
  }

  /** Nobody has ever told this node its policy, and somebody waits for these Pods. */
  private async lockTheHeld(): Promise<void> {
    await Promise.all(
      this.places
        .all()
        .map((place) => (this.fates.isHeld(place.place.id) ? this.lock(place) : Promise.resolve())),
    );
  }

  private async settle(id: string, wish: Desired): Promise<void> {
    const place = this.places.get(id);
    if (place === undefined || (this.ledger.isSettled(id) && place.isAtRest)) return;
    try {
      if ('failed' in wish) throw new PolicyRefused(wish.failed);
      await this.enforce(place, wish);
      this.ledger.settle(id, wish);
    } catch (error) {
      if (this.places.get(id) !== place) return; // It ended while we were at it.
      this.ledger.fail(id, failureOf(error), Date.now());
      this.options.events.onTrouble(`the policy of ${id} is not in the kernel`, error);
      // What it has stays; but nothing at all would be an open Pod.
      if (askedMode(wish) === 'full' && tableOf(place.state) === undefined) await this.lock(place);
    }
    this.fates.changed();
  }

  private async lock(place: EnforcedPlace): Promise<void> {
    const { place: pod } = place;
    if (pod.kind !== 'pod') return;
    await this.attempt('a Pod without its policy could not be closed', () =>
      place.enforce(this.options.desired.locked(pod)),
    );
    this.fates.changed();
  }

  private async enforce(place: EnforcedPlace, wish: DesiredTable): Promise<void> {
    if (place.place.kind === 'pod') return place.enforce(wish);
    await this.options.confirmation.enforce(place, wish, this.ledger.settled('host'));
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.events.onTrouble(what, error);
    }
  }

  /** Removes everything that it or an agent before it made, and says so when it has looked into every namespace that there is. */
  private async leave(): Promise<void> {
    await this.host;
    const left = this.places.all().filter(({ state }) => state.kind !== 'removed');
    await Promise.all(
      left.map((place) => this.attempt('a table could not be removed', () => place.remove())),
    );
    const hasAll = this.isListed && this.places.all().every(({ state }) => state.kind === 'removed');
    if (!hasAll || this.pairing !== 'leaving') return;
    this.pairing = 'left';
    this.ledger.reset(Date.now());
    this.options.events.onUnpaired();
  }
}
