/**
 * The cluster-local actor store: takes in what is observed, said and acknowledged, and settles what each node must be
 * told, which Pods are ready, and what the control plane is to know. It says nothing before it is in sync. Time is given
 * by the caller; waiting, sending and the disk are the adapters'.
 */
import type {
  AgentHeartbeat,
  ClusterAck,
  ClusterAnswer,
  ClusterQuestion,
  ClusterPulse,
  CommitRecord,
  Endpoint,
  FlowBatch,
  Group,
  LabelCatalogue,
  NodeAck,
  NodeSettings,
  NodeView,
  PodReadiness,
  ProfileSettings,
  Unit,
} from '@ringfence/contracts';
import { indexCatalogue } from '@ringfence/labels';
import { AgentBook, NOTHING_PROVEN } from './agent-book.js';
import { AwaitedPods } from './awaited-pods.js';
import type { TimerOptions } from './awaited-pods.js';
import { ClusterAcks } from './cluster-acks.js';
import { ClusterIdentities } from './cluster-identities.js';
import { ClusterView } from './cluster-view.calculator.js';
import type { ClusterChanges } from './cluster-view.calculator.js';
import type { Convergence } from './convergence.js';
import { Enforcement } from './explain/enforcement.js';
import { explainInCluster } from './explain/explanation.js';
import { EnforcementTracker, placeOf } from './enforcement.calculator.js';
import type { PlaceNotInForce } from './enforcement.calculator.js';
import { decorate } from './flow-decoration.js';
import type { Decorated } from './flow-decoration.js';
import { NodeViews } from './node-views.calculator.js';
import { policyProgress } from './policy-progress.js';
import type { PolicyProgress } from './policy-progress.js';
import { PolicyBuffer } from './policy-buffer.calculator.js';
import type { CommittedPolicy, RecordKind } from './policy-buffer.calculator.js';
import { Readiness } from './readiness.calculator.js';
import type { StoredState } from './stored-state.js';
import { UnpairedCarriers } from './unpaired-carriers.js';

export interface Settled {
  readonly views: readonly NodeView[];
  readonly readiness: readonly PodReadiness[];
  /** Pods whose readiness nobody needs any more. */
  readonly withdrawn: readonly string[];
  readonly acks: readonly ClusterAck[];
  readonly converged: readonly Convergence[];
}
const NOTHING: Settled = { views: [], readiness: [], withdrawn: [], acks: [], converged: [] };

export interface StoreOptions extends TimerOptions {
  readonly cluster: string;
}

export const LISTED_KINDS = ['namespace', 'node', 'workload', 'pod', 'service'] as const;

/** Kubelink's heart beats every 30 s; then it is no longer waited for. */
export const KUBELINK_SILENT_AFTER_MS = 75_000;

export class ActorStore {
  readonly view: ClusterView;
  readonly nodeViews: NodeViews;
  readonly agents = new AgentBook();
  readonly readiness: Readiness;
  readonly enforcement: EnforcementTracker;
  readonly identities: ClusterIdentities;
  readonly listed = new Set<string>();
  catalogue: LabelCatalogue | null = null;
  #policy: PolicyBuffer;
  #commit: CommittedPolicy | null = null;
  #isCaughtUp = false;
  #inSyncSince: number | null = null;
  #servicesTouched = true;
  readonly #explained: Enforcement;
  readonly #awaited: AwaitedPods;
  readonly #acks: ClusterAcks;
  readonly #carriers: UnpairedCarriers;
  readonly #urgent: NodeView[] = [];
  #kubelinkHeardAt = 0;

  constructor(
    private readonly options: StoreOptions,
    revision: number,
    stored?: StoredState,
  ) {
    this.view = new ClusterView(options.cluster);
    this.nodeViews = new NodeViews(revision);
    this.identities = new ClusterIdentities(this.view);
    const { view, nodeViews, agents } = this;
    this.readiness = new Readiness(
      {
        span: (pod) => nodeViews.span(pod),
        knownSince: (node, pod) => nodeViews.knownSince(node, pod),
        nodeOf: (pod) => view.endpoint(pod)?.node ?? null,
        ownRulesSince: (pod) => nodeViews.ownRulesSince(pod),
        isPolicyKnown: (pod) => view.isPolicyKnown(pod),
      },
      agents,
    );
    this.enforcement = new EnforcementTracker(
      {
        asked: (id) => view.modeAsked(id),
        hasSandbox: (pod) => view.pods.hasSandbox(pod),
        isUnpaired: (node) => view.nodes.isUnpaired(node),
        isMissedAsJudge: (node) => view.hasNodePorts && !view.nodes.isJudging(node),
      },
      agents,
    );
    this.#carriers = new UnpairedCarriers(view, this.enforcement);
    this.#awaited = new AwaitedPods(view, this.readiness, options);
    this.#acks = new ClusterAcks({
      policyVersionAt: (node, revision) => nodeViews.policyVersionAt(node, revision),
      ownEndpoints: (node) =>
        nodeViews.revisionOf(node) === undefined ? view.endpointsOn(node) : nodeViews.ownEndpoints(node),
      isNotInForce: (id) => this.enforcement.notInForce(id) !== undefined,
    });
    this.#policy = new PolicyBuffer(stored?.policy);
    this.#explained = new Enforcement(view, nodeViews, this.enforcement);
  }

  /** Words for what is missing before anybody is told anything. */
  missing(): string[] {
    const missing = LISTED_KINDS.filter((kind) => !this.listed.has(kind)).map(
      (kind) => `no list of ${kind}s yet`,
    );
    if (!this.#isCaughtUp) missing.unshift('observations not read yet');
    if (this.catalogue === null) missing.push('no label catalogue from the control plane yet');
    if (this.#commit === null) missing.push('no policy from the control plane yet');
    return missing;
  }

  /** How far each node's acknowledgement is behind what it was told, in revisions. */
  *revisionLags(): Generator<{ node: string; lag: number }> {
    for (const node of this.nodeViews.nodes()) {
      const told = this.nodeViews.revisionOf(node) ?? 0;
      const acked = this.agents.revisionOf(node);
      // Before its first acknowledgement everything is missing.
      yield { node, lag: acked < 0 ? told : Math.max(0, told - acked) };
    }
  }

  get isInSync(): boolean {
    return this.missing().length === 0;
  }

  caughtUp(): void {
    this.#isCaughtUp = true;
  }

  get commit(): CommittedPolicy | null {
    return this.#commit;
  }

  get liveRecords(): PolicyBuffer['live'] {
    return this.#policy.live;
  }

  // ---- what the control plane says

  setRecord(kind: RecordKind, token: string, flush: number, record: Unit | Group | Endpoint): void {
    this.#applyPolicy(this.#policy.set(kind, token, flush, record as Unit & Group & Endpoint));
  }

  removeRecord(kind: RecordKind, token: string): void {
    this.#policy.remove(kind, token);
  }

  setCommit(commit: CommitRecord): void {
    this.#applyPolicy(this.#policy.commit(commit));
  }

  restorePolicy(policy: CommittedPolicy): void {
    this.#applyPolicy(policy);
  }

  setCatalogue(catalogue: LabelCatalogue): void {
    this.catalogue = catalogue;
    this.view.pods.setCatalogue(indexCatalogue(catalogue));
  }

  setSettled(position: number): void {
    this.view.settled(position);
  }

  setProfile(token: string, profile: ProfileSettings | null): void {
    this.view.pods.setProfile(token, profile);
    this.view.profilesChanged();
  }

  setNodeSettings(token: string, settings: NodeSettings | null, at: string): void {
    const before = this.view.nodes.settings.get(token);
    this.view.nodes.setSettings(token, settings);
    for (const node of new Set([before?.node, settings?.node]))
      if (node !== undefined) this.#tellPairing(node, at);
  }

  // ---- what agents say

  servicesTouched(): void {
    this.#servicesTouched = true;
  }

  podGone(uid: string): void {
    this.view.pods.removePod(uid);
  }

  nodeGone(name: string): void {
    this.nodeViews.forget(name);
    this.agents.forget(name);
    this.enforcement.nodeGone(name);
    this.#acks.forget(name);
    this.view.pods.setSandboxes(name, []);
  }

  /** Kubelink's own beat. What is read from before a start was not heard just now, but when it was said. */
  kubelinkHeard(observedAt: string, now: number): void {
    const at = this.#isCaughtUp ? now : Math.min(now, Date.parse(observedAt));
    this.#kubelinkHeardAt = Math.max(this.#kubelinkHeardAt, at);
  }

  /**
   * Clocks of nodes may differ from ours: none makes an agent heard later than now. A revision that we did not tell proves
   * nothing: it is one of before a restart, perhaps of a store that counted otherwise.
   */
  acked(ack: NodeAck, now: number): void {
    const told = this.nodeViews.revisionOf(ack.node);
    const isOfOurs = told !== undefined && ack.revision <= told;
    const words = isOfOurs ? ack : { ...ack, revision: NOTHING_PROVEN };
    this.agents.acked(words, Math.min(now, Date.parse(ack.at)));
    this.readiness.agentSpoke(ack.node);
    this.enforcement.agentSpoke(ack.node);
    this.#acks.acked(ack);
  }

  /**
   * An agent that has another revision than it was told of, or one of before our start, is nudged. What is read from
   * before a start was not heard just now, but when it was said.
   */
  heard(
    { node, revision, observedAt }: Pick<AgentHeartbeat, 'node' | 'revision' | 'observedAt'>,
    now: number,
  ): void {
    this.agents.heard(node, this.#isCaughtUp ? now : Math.min(now, Date.parse(observedAt)));
    if (this.#inSyncSince === null || revision === this.nodeViews.revisionOf(node)) return;
    this.#urgent.push(this.nodeViews.nudge(node, new Date(now).toISOString(), revision));
  }

  snapshot(node: string, at: string): NodeView {
    const view = this.#snapshot(node, at);
    this.agents.heard(node, Date.parse(at));
    this.enforcement.told(node, view.revision, Date.parse(at));
    return view;
  }

  #snapshot(node: string, at: string): NodeView {
    const isNew = this.nodeViews.revisionOf(node) === undefined;
    const view = this.nodeViews.snapshot(node, at);
    if (!isNew || !this.view.nodes.isUnpaired(node)) return view;
    this.nodeViews.setUnpaired(node, true, at);
    return this.nodeViews.snapshot(node, at);
  }

  decorate(batch: FlowBatch): Decorated {
    return decorate(batch, this.options.cluster, this.identities);
  }

  /** `settle` first: the answer is from what the nodes were told. */
  explain(question: ClusterQuestion, now: number): ClusterAnswer {
    const missing = this.missing();
    if (missing.length > 0) return { kind: 'not-ready', message: `not in sync: ${missing.join('; ')}` };
    const { view, nodeViews } = this;
    const parts = { cluster: this.options.cluster, view, nodeViews, enforcement: this.#explained };
    return explainInCluster(question, parts, now);
  }

  // ---- what follows from all of it

  settle(now: number): Settled {
    if (!this.isInSync) return NOTHING;
    const at = new Date(now).toISOString();
    this.view.pods.setProvisional(now - this.#kubelinkHeardAt > KUBELINK_SILENT_AFTER_MS);
    const changes = this.view.flush();
    this.identities.follow(changes.endpoints);
    if (this.#servicesTouched) this.identities.followServices();
    this.#servicesTouched = false;
    const deltas = this.nodeViews.apply(changes, at);
    this.#inSyncSince ??= this.#begin(now, at);
    const views = [...deltas, ...this.#urgent.splice(0)];
    for (const { node, revision } of views) this.enforcement.told(node, revision, now);
    this.#followPlaces(changes.endpoints, now);
    this.#awaited.follow(changes.touchedPods, this.#inSyncSince);
    const { told, converged } = this.readiness.evaluate(now);
    for (const standing of this.enforcement.evaluate(now)) this.#acks.stands(standing);
    const withdrawn = this.#awaited.takeWithdrawn();
    return { views, readiness: told, withdrawn, acks: this.#acks.take(now), converged };
  }

  /** Of a Pod (its uid) or a node (its name); undefined: in force, or nothing is asked of it. */
  notInForce(id: string): PlaceNotInForce | undefined {
    return this.enforcement.notInForce(id);
  }

  pulse(now: number): ClusterPulse {
    return {
      at: new Date(now).toISOString(),
      missing: this.missing(),
      policyVersion: this.view.policyVersion,
      places: this.enforcement.places,
      notInForceCount: [...this.enforcement.counts().values()].reduce((sum, count) => sum + count, 0),
      policy: this.progress(now),
    };
  }

  progress(now: number): PolicyProgress {
    const { agents, nodeViews, enforcement, view } = this;
    const progress = policyProgress(nodeViews.stamp, {
      nodes: () =>
        enforcement
          .nodes()
          .filter((node) => !view.nodes.isUnpaired(node) && !agents.isDisconnected(node, now)),
      inForce: (node) => nodeViews.inForce(node, agents.revisionOf(node)),
    });
    return this.isInSync ? progress : { ...progress, inForce: null };
  }

  /** Every paired node goes on with what it has from before: it is told to ask, and is waited for until it has. */
  #begin(now: number, at: string): number {
    this.agents.listensSince(now);
    for (const node of this.view.nodes.paired()) this.#urgent.push(this.nodeViews.nudge(node, at));
    return now;
  }

  #followPlaces({ upsert, remove }: ClusterChanges['endpoints'], now: number): void {
    for (const id of remove) this.enforcement.removePlace(id);
    for (const endpoint of upsert) {
      const place = placeOf(endpoint);
      if (place === null) this.enforcement.removePlace(endpoint.id);
      else this.enforcement.setPlace(place, now);
    }
    this.#carriers.follow(now);
  }

  #applyPolicy(policy: CommittedPolicy | null): void {
    if (policy === null) return;
    this.#commit = policy;
    this.view.setPolicy(policy);
  }

  #tellPairing(node: string, at: string): void {
    const view = this.nodeViews.setUnpaired(node, this.view.nodes.isUnpaired(node), at);
    if (view !== null) this.#urgent.push(view);
  }
}
