/**
 * The cluster-local actor store, and the one door to it: takes in what is seen, told and said, and settles what each node
 * must be told, which Pods are ready, and what the control plane is to know. It says nothing before it is in sync. Time is
 * given by the caller; waiting, sending and the disk are the adapters'. What happens behind the door is cluster-graph.ts.
 */
import type {
  Address,
  AgentHeartbeat,
  ClusterAnswer,
  ClusterPulse,
  ClusterQuestion,
  Endpoint,
  FlowBatch,
  KubernetesWorkloadObserved,
  NodeAck,
  NodeReport,
  NodeSandboxes,
  NodeView,
  PodObserved,
  PodReadiness,
  SupportAnswer,
} from '@ringfence/contracts';
import { NOTHING_PROVEN } from './agent-book.js';
import { ClusterGraph } from './cluster-graph.js';
import type { GraphOptions, Settled } from './cluster-graph.js';
import type { HeardAgent } from './cluster-view.calculator.js';
import type { PlaceNotInForce } from './enforcement.calculator.js';
import { explainInCluster } from './explain/explanation.js';
import { decorate } from './flow-decoration.js';
import type { Decorated } from './flow-decoration.js';
import { factsOf, takeObserved } from './observed.js';
import type { Observed } from './observed.js';
import { reportOf } from './node-report.js';
import type { NetworkPolicies } from './network-policies/network-policies.calculator.js';
import { refusedPolicies } from './network-policies/refused-policies.js';
import type { PodFacts, RefusedLabels } from './pod-endpoints.calculator.js';
import type { UnheardPod } from './unheard-pod.js';
import { policyProgress } from './policy-progress.js';
import type { PolicyProgress } from './policy-progress.js';
import { recordsOf, replay, restoreFacts, restorePolicy, storedFacts, storedPolicy } from './stored-state.js';
import type { StoredFacts, StoredPolicy, StoredState } from './stored-state.js';
import { takeTold, takeUnreadable, takeUntold } from './told.js';
import type { Told } from './told.js';

export type StoreOptions = GraphOptions;

const NOTHING: Settled = { views: [], readiness: [], withdrawn: [], acks: [], converged: [] };
const NOTHING_STORED: StoredState = { revision: 0 };

export class ActorStore {
  private readonly graph: ClusterGraph;

  constructor(
    private readonly options: StoreOptions,
    { revision, policy, changes = [], facts }: StoredState = NOTHING_STORED,
  ) {
    const graph = (this.graph = new ClusterGraph(options, revision, recordsOf(policy ?? null)));
    if (facts !== undefined) restoreFacts(graph, facts);
    if (policy !== undefined) restorePolicy(graph, policy);
    replay(graph, changes);
    graph.policy.beginAnew();
  }

  // ---- what is seen of the cluster

  observe<K extends keyof Observed>(kind: K, observed: Observed[K]): void {
    takeObserved(this.graph, kind, observed);
  }

  /** Everything that the cluster's streams had when we began. */
  caughtUp(): void {
    this.graph.sync.isCaughtUp = true;
  }

  /** Kubelink's own beat. What is read from before a start was not heard just now, but when it was said. */
  kubelinkHeard(observedAt: string, now: number): void {
    const graph = this.graph;
    graph.kubelinkHeardAt = Math.max(graph.kubelinkHeardAt, this.heardAt(observedAt, now));
  }

  /** Pods that their nodes tell of and Kubelink does not. */
  unheardPods(): Iterable<UnheardPod> {
    return this.graph.view.pods.unheard();
  }

  /** As it was read from Kubernetes because its node lists it. False: nothing of it is news, or its node lists it no more. */
  readPod(pod: PodObserved, owners: readonly KubernetesWorkloadObserved[]): boolean {
    const { pods } = this.graph.view;
    for (const { uid, kind, namespace, name, annotations, mapped } of owners)
      pods.readWorkload({ uid, kind, namespace, name, annotations, mapped });
    return pods.readPod(factsOf(pod), pod.node ?? '');
  }

  // ---- what the control plane tells

  /** null: it is taken back. `token`: the last part of its subject. */
  told<K extends keyof Told>(kind: K, token: string, told: Told[K] | null): void {
    if (told === null) takeUntold(this.graph, kind, token);
    else takeTold(this.graph, kind, token, told);
  }

  /** It was told, and nobody here knows its form. */
  toldUnreadable(kind: keyof Told, token: string): void {
    takeUnreadable(this.graph, kind, token);
  }

  /** The control plane has lost what it kept for us, and tells all of it again; what it had heard of us it hears again. */
  forgotten(): void {
    this.graph.policy.beginAnew();
    this.graph.acks.sayAgain();
  }

  /** The cluster's server has lost what Kubelink was to read. */
  readinessForgotten(): void {
    this.graph.readiness.sayAgain();
  }

  // ---- what agents say

  /**
   * An agent that has another revision than it was told of, or one of before our start, is nudged. What is read from
   * before a start was not heard just now, but when it was said.
   */
  heard(beat: HeardAgent & Pick<AgentHeartbeat, 'revision' | 'observedAt'>, now: number): void {
    const { view, agents, spans } = this.graph;
    view.heartbeat(beat);
    agents.heard(beat.node, this.heardAt(beat.observedAt, now));
    if (beat.revision !== spans.revisionOf(beat.node)) this.graph.nudge(beat.node, beat.revision);
  }

  /** Returns the Pods of its list that Kubernetes places on another node. */
  heardSandboxes(node: string, sandboxes: NodeSandboxes['sandboxes']): string[] {
    return this.graph.view.pods.setSandboxes(node, sandboxes);
  }

  /**
   * Clocks of nodes may differ from ours: none makes an agent heard later than now. A revision that we did not tell proves
   * nothing: it is one of before a restart, perhaps of a store that counted otherwise.
   */
  acked(ack: NodeAck, now: number): void {
    const { spans, agents, readiness, enforcement, acks } = this.graph;
    const told = spans.revisionOf(ack.node);
    const isOfOurs = told !== undefined && ack.revision <= told;
    const words = isOfOurs ? ack : { ...ack, revision: NOTHING_PROVEN };
    agents.acked(words, Math.min(now, Date.parse(ack.at)));
    readiness.agentSpoke(ack.node);
    enforcement.agentSpoke(ack.node);
    acks.acked(ack);
  }

  // ---- what follows from all of it

  /** Words for what is missing before anybody is told anything; none: in sync. */
  missing(): string[] {
    return this.graph.sync.missing();
  }

  get isInSync(): boolean {
    return this.missing().length === 0;
  }

  /** What was known when it came to be in sync has run through the graph: before, nobody's workload is known. */
  get hasSettled(): boolean {
    return this.isInSync && this.graph.hasSettled;
  }

  settle(now: number): Settled {
    return this.isInSync ? this.graph.settle(now) : NOTHING;
  }

  /** Everything that the node must know. `settle` first: it is what the node is told of by then. */
  snapshot(node: string, at: string): NodeView {
    const { agents, enforcement } = this.graph;
    const view = this.snapshotOf(node, at);
    agents.heard(node, Date.parse(at));
    enforcement.told(node, view.revision, Date.parse(at));
    return view;
  }

  private snapshotOf(node: string, at: string): NodeView {
    const { spans, view } = this.graph;
    const isNew = spans.revisionOf(node) === undefined;
    const snapshot = spans.snapshot(node, at);
    if (!isNew || !view.nodes.isUnpaired(node)) return snapshot;
    spans.setUnpaired(node, true, at);
    return spans.snapshot(node, at);
  }

  /** Not before it `hasSettled`. */
  decorate(batch: FlowBatch): Decorated {
    return decorate(batch, this.options.cluster, this.graph.identities);
  }

  /** `settle` first: the answer is from what the nodes were told. */
  explain(question: ClusterQuestion, now: number): ClusterAnswer {
    const missing = this.missing();
    if (missing.length > 0) return { kind: 'not-ready', message: `not in sync: ${missing.join('; ')}` };
    const { view, spans, explained: enforcement } = this.graph;
    return explainInCluster(question, { cluster: this.options.cluster, view, spans, enforcement }, now);
  }

  /** `settle` first. What is known also while it is not in sync. */
  report(node: string, refusedClaims: NodeReport['refusedClaims'], now: number): SupportAnswer {
    const { graph } = this;
    return reportOf({ graph, missing: this.missing(), refusedClaims, node, now });
  }

  /** Before it is in sync nobody knows what is refused. */
  refusedLabels(): Iterable<RefusedLabels> {
    return this.isInSync ? this.graph.view.pods.refusals() : [];
  }

  refusedNetworkPolicies(): ReturnType<NetworkPolicies['refused']> {
    return this.graph.view.policies.refused();
  }

  get networkPolicyCount(): number {
    return this.graph.view.policies.traits.policies.size;
  }

  pulse(now: number): ClusterPulse {
    return {
      at: new Date(now).toISOString(),
      missing: this.missing(),
      policyVersion: this.policyVersion,
      places: this.graph.enforcement.places,
      notInForceCount: [...this.notInForceCounts().values()].reduce((sum, count) => sum + count, 0),
      policy: this.progress(now),
      ...(this.isInSync && { refusedNetworkPolicies: refusedPolicies(this.refusedNetworkPolicies()) }),
    };
  }

  progress(now: number): PolicyProgress {
    const { agents, spans, enforcement, view } = this.graph;
    const progress = policyProgress(spans.stamp, {
      nodes: () =>
        enforcement
          .nodes()
          .filter((node) => !view.nodes.isUnpaired(node) && !agents.isDisconnected(node, now)),
      inForce: (node) => spans.inForce(node, agents.revisionEverywhere(node)),
    });
    return this.isInSync ? progress : { ...progress, inForce: null };
  }

  // ---- what can be looked at

  /** Policy that was told in part, in words; null: there is none. */
  get policyLacking(): string | null {
    return this.graph.policy.lacking;
  }

  get policyVersion(): number {
    return this.graph.view.policyVersion;
  }

  /** The highest that any node was told. */
  get revision(): number {
    return this.graph.spans.currentRevision;
  }

  /** How far each node's acknowledgement is behind what it was told, in revisions. */
  *revisionLags(): Generator<{ node: string; lag: number }> {
    const { spans, agents } = this.graph;
    for (const node of spans.nodes()) {
      const told = spans.revisionOf(node) ?? 0;
      const acked = agents.revisionOf(node);
      // Before its first acknowledgement everything is missing.
      yield { node, lag: acked < 0 ? told : Math.max(0, told - acked) };
    }
  }

  /** Of a Pod (its uid) or a node (its name); undefined: in force, or nothing is asked of it. */
  notInForce(id: string): PlaceNotInForce | undefined {
    return this.graph.enforcement.notInForce(id);
  }

  /** By reason. */
  notInForceCounts(): ReadonlyMap<string, number> {
    return this.graph.enforcement.counts();
  }

  /** Pods whose peers have not all acknowledged them. */
  get waitingPods(): number {
    return this.graph.readiness.waitingPods;
  }

  isAwaited(pod: string): boolean {
    return this.graph.readiness.isAwaited(pod);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.graph.view.endpoint(id);
  }

  /** Of any Pod that Kubernetes has, endpoint or not. */
  pod(uid: string): PodFacts | undefined {
    return this.graph.view.pods.pods.get(uid);
  }

  /** Whose it is, or whose Pod's. */
  nodeAt(address: Address): string | undefined {
    const { pods, nodes } = this.graph.view;
    return pods.podAt(address)?.node ?? nodes.nodeAt(address);
  }

  /** Where Kubernetes says that the node is. */
  addressOfNode(node: string): Address | undefined {
    return this.graph.view.nodes.addressOf(node);
  }

  unpairedNodes(): string[] {
    return this.graph.view.nodes.unpaired();
  }

  // ---- what a restart needs

  /** From before it, what was said of a Pod. */
  toldReadiness(readiness: PodReadiness): void {
    this.graph.readiness.restore(readiness);
  }

  /** null: there is none in force yet. */
  storedPolicy(): StoredPolicy | null {
    return storedPolicy(this.graph);
  }

  /** There is a stored policy, and nothing was told that it lacks. */
  get isPolicySettled(): boolean {
    const { sync, policy } = this.graph;
    return sync.commit !== null && sync.catalogue !== null && policy.isSettled;
  }

  /** null: nothing was read yet. */
  storedFacts(): StoredFacts | null {
    return storedFacts(this.graph);
  }

  private heardAt(saidAt: string, now: number): number {
    return this.graph.sync.isCaughtUp ? now : Math.min(now, Date.parse(saidAt));
  }
}
