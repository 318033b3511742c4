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
import { clusterAck } from './cluster-acks.js';
import { ClusterIdentities } from './cluster-identities.js';
import { ClusterView } from './cluster-view.calculator.js';
import type { Convergence } from './convergence.js';
import { Enforcement } from './explain/enforcement.js';
import { explainInCluster } from './explain/explanation.js';
import { decorate } from './flow-decoration.js';
import type { Decorated } from './flow-decoration.js';
import { NodeViews } from './node-views.calculator.js';
import { PolicyBuffer } from './policy-buffer.calculator.js';
import type { CommittedPolicy, RecordKind } from './policy-buffer.calculator.js';
import type { PodFacts } from './pod-endpoints.calculator.js';
import { Readiness, readinessTimer } from './readiness.calculator.js';
import type { StoredState } from './stored-state.js';

export interface Settled {
  readonly views: readonly NodeView[];
  readonly readiness: readonly PodReadiness[];
  /** Pods whose readiness nobody needs any more. */
  readonly withdrawn: readonly string[];
  readonly acks: readonly ClusterAck[];
  readonly converged: readonly Convergence[];
}
const NOTHING: Settled = { views: [], readiness: [], withdrawn: [], acks: [], converged: [] };

export interface StoreOptions {
  readonly cluster: string;
  readonly readinessTimerSeconds: number;
  /** Told about a Pod's own timer that is no such number. */
  readonly onRefusedTimer?: (pod: string, value: string) => void;
}

export const LISTED_KINDS = ['namespace', 'node', 'workload', 'pod', 'service'] as const;

/** Kubelink's heart beats every 30 s; then it is no longer waited for. */
export const KUBELINK_SILENT_AFTER_MS = 75_000;

export class ActorStore {
  readonly view: ClusterView;
  readonly nodeViews: NodeViews;
  readonly readiness: Readiness;
  readonly identities: ClusterIdentities;
  readonly listed = new Set<string>();
  catalogue: LabelCatalogue | null = null;
  #policy: PolicyBuffer;
  #commit: CommittedPolicy | null = null;
  #isCaughtUp = false;
  #inSyncSince: number | null = null;
  #servicesTouched = true;
  readonly #ackedNodes = new Map<string, NodeAck>();
  readonly #lastAcks = new Map<string, NodeAck>();
  readonly #enforcement: Enforcement;
  #withdrawn: string[] = [];
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
    this.readiness = new Readiness({
      span: (pod) => this.nodeViews.span(pod),
      knownSince: (node, pod) => this.nodeViews.knownSince(node, pod),
      nodeOf: (pod) => this.view.endpoint(pod)?.node ?? null,
    });
    this.#policy = new PolicyBuffer(stored?.policy);
    const { view, nodeViews, readiness } = this;
    this.#enforcement = new Enforcement(view, nodeViews, readiness, (node) => this.#lastAcks.get(node));
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
      const acked = this.readiness.revisionOf(node) ?? -1;
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
    this.readiness.nodeGone(name);
    this.#lastAcks.delete(name);
    this.view.pods.setSandboxes(name, []);
  }

  /** Kubelink's own beat. What is read from before a start was not heard just now, but when it was said. */
  kubelinkHeard(observedAt: string, now: number): void {
    const at = this.#isCaughtUp ? now : Math.min(now, Date.parse(observedAt));
    this.#kubelinkHeardAt = Math.max(this.#kubelinkHeardAt, at);
  }

  /** Clocks of nodes may differ from ours: none makes an agent heard later than now. */
  acked(ack: NodeAck, now: number): void {
    this.readiness.acked(ack, Math.min(now, Date.parse(ack.at)));
    this.#ackedNodes.set(ack.node, ack);
    this.#lastAcks.set(ack.node, ack);
  }

  /**
   * An agent that has another revision than it was told of is nudged. What is read from before a start was not heard
   * just now, but when it was said.
   */
  heard(
    { node, revision, observedAt }: Pick<AgentHeartbeat, 'node' | 'revision' | 'observedAt'>,
    now: number,
  ): void {
    this.readiness.heard(node, this.#isCaughtUp ? now : Math.min(now, Date.parse(observedAt)));
    const told = this.nodeViews.revisionOf(node);
    if (told === undefined || revision === told) return;
    this.#urgent.push(this.nodeViews.nudge(node, new Date(now).toISOString()));
  }

  snapshot(node: string, at: string): NodeView {
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
    const parts = { cluster: this.options.cluster, view, nodeViews, enforcement: this.#enforcement };
    return explainInCluster(question, parts, now);
  }

  // ---- what follows from all of it

  settle(now: number): Settled {
    if (!this.isInSync) return NOTHING;
    this.#inSyncSince ??= now;
    const at = new Date(now).toISOString();
    this.view.pods.setProvisional(now - this.#kubelinkHeardAt > KUBELINK_SILENT_AFTER_MS);
    const changes = this.view.flush();
    this.identities.follow(changes.endpoints);
    if (this.#servicesTouched) this.identities.followServices();
    this.#servicesTouched = false;
    const views = [...this.nodeViews.apply(changes, at), ...this.#urgent.splice(0)];
    for (const uid of changes.touchedPods) this.#awaitPod(uid);
    const { told, converged } = this.readiness.evaluate(now);
    const withdrawn = this.#withdrawn;
    this.#withdrawn = [];
    return { views, readiness: told, withdrawn, acks: this.#takeAcks(), converged };
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

  #awaitPod(uid: string): void {
    const pod = this.view.pods.pods.get(uid);
    if (pod === undefined) {
      if (this.readiness.removePod(uid)) this.#withdrawn.push(uid);
      return;
    }
    const { namespace, name, readinessGates: gates } = pod;
    const endpoint = this.view.pods.endpoint(uid);
    const isManaged = endpoint !== undefined;
    const observedAt = Date.parse(pod.observedAt);
    const timerMs = this.#timerSeconds(pod, isManaged) * 1000;
    this.readiness.setPod({
      uid,
      namespace,
      name,
      gates,
      isManaged,
      timerMs,
      hasAddress: (endpoint?.addresses.length ?? 0) > 0,
      observedAt,
      isNews: observedAt >= (this.#inSyncSince ?? Infinity),
    });
  }

  #timerSeconds(pod: PodFacts, isManaged: boolean): number {
    const { seconds, refused } = readinessTimer(pod.annotations);
    if (refused !== undefined) this.options.onRefusedTimer?.(`${pod.namespace}/${pod.name}`, refused);
    return seconds ?? (isManaged ? this.options.readinessTimerSeconds : 0);
  }

  /** An acknowledgement of a revision from before a restart says nothing that is known; the node will say it anew. */
  #takeAcks(): ClusterAck[] {
    const acks = [...this.#ackedNodes.values()].flatMap((ack) => {
      const policyVersion = this.nodeViews.policyVersionAt(ack.node, ack.revision);
      const own = [...this.nodeViews.ownEndpoints(ack.node)].flatMap((id) => this.view.endpoint(id) ?? []);
      return policyVersion === undefined ? [] : [clusterAck(ack, own, policyVersion)];
    });
    this.#ackedNodes.clear();
    return acks;
  }
}
