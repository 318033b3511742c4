/**
 * All calculators of clas-cache on one page, in the order in which a change runs through them. Words go in at the left as
 * they come (observed.ts, told.ts, actor-store.ts); `settle` lets what they changed run to the right.
 *
 *   Kubelink ───── Pods, workloads, Services, nodes ──┐
 *   agents ─────── addresses, sandboxes ──────────────┼──▶ view ───┬──▶ spans ──────┬──▶ deltas ─────▶ each node
 *   control plane ─ labels, profiles, nodes ──────────┤            │                │
 *   control plane ─ records ──▶ policy ── a commit ───┘            │                │ who was told what, and when
 *                                                                  │                ▼
 *                                        touched Pods ─── awaited ─┼──▶ readiness ──┬──▶ told Pods ──▶ Kubelink
 *                                           endpoints ── carriers ─┼──▶ enforcement ┤
 *   agents ─────── acknowledgements ──▶ agents ────────────────────┘                └──▶ acks ───────▶ control plane
 *                                           endpoints, Services ──▶ identities ◀── flows    (actor-store.ts)
 *                                           view, spans, enforcement ──▶ explained ◀── questions
 */
import type { NodeSettings, NodeView } from '@ringfence/contracts';
import { AgentBook } from './agent-book.js';
import { AwaitedPods } from './awaited-pods.js';
import type { TimerOptions } from './awaited-pods.js';
import { ClusterAcks } from './cluster-acks.js';
import { ClusterIdentities } from './cluster-identities.js';
import { ClusterView } from './cluster-view.calculator.js';
import type { FlushedView, ViewChanges } from './cluster-view.calculator.js';
import type { Convergence } from './convergence.js';
import { EnforcementTracker, placeOf } from './enforcement.calculator.js';
import { Enforcement } from './explain/enforcement.js';
import { InSync } from './in-sync.js';
import { PolicyBuffer } from './policy-buffer.calculator.js';
import type { CommittedPolicy, RestoredRecords } from './policy-buffer.calculator.js';
import { Readiness } from './readiness.calculator.js';
import type { ReadinessChanges } from './readiness.calculator.js';
import { Spans } from './spans.calculator.js';
import { UnpairedCarriers } from './unpaired-carriers.js';

export interface GraphOptions extends TimerOptions {
  readonly cluster: string;
}

export interface Settled {
  readonly views: readonly NodeView[];
  readonly readiness: ReadinessChanges['told'];
  /** Pods whose readiness nobody needs any more. */
  readonly withdrawn: readonly string[];
  readonly acks: ReturnType<ClusterAcks['take']>;
  readonly converged: readonly Convergence[];
}

/** Kubelink's heart beats every 30 s; then it is no longer waited for. */
export const KUBELINK_SILENT_AFTER_MS = 75_000;

/** Nodes know them as any endpoint; nobody waits for them, and flows call them what they are. */
const withPeers = ({ peers, ...changes }: FlushedView): ViewChanges => ({
  ...changes,
  endpoints: {
    upsert: [...changes.endpoints.upsert, ...peers.upsert],
    remove: [...changes.endpoints.remove, ...peers.remove],
  },
});

export class ClusterGraph {
  readonly sync = new InSync();
  readonly policy: PolicyBuffer;
  readonly view: ClusterView;
  readonly spans: Spans;
  readonly agents = new AgentBook();
  readonly identities: ClusterIdentities;
  readonly readiness: Readiness;
  readonly enforcement: EnforcementTracker;
  readonly explained: Enforcement;
  readonly acks: ClusterAcks;
  private readonly awaited: AwaitedPods;
  private readonly carriers: UnpairedCarriers;
  /** Nodes whose agents must look whether they have what they were told, with the revision that they say they have. */
  private readonly nudged = new Map<string, number>();
  /** Nodes that may be paired or unpaired now. */
  private readonly pairing = new Set<string>();
  private inSyncSince: number | null = null;
  kubelinkHeardAt = 0;

  /** `revision`: the last one that was told before a restart; `records`: of the policy that was in force then. */
  constructor(options: GraphOptions, revision: number, records: RestoredRecords) {
    this.policy = new PolicyBuffer(records);
    const view = (this.view = new ClusterView(options.cluster));
    const spans = (this.spans = new Spans(revision));
    const { agents } = this;
    this.identities = new ClusterIdentities(view);
    this.readiness = new Readiness(
      {
        span: (pod) => spans.span(pod),
        knownSince: (node, pod) => spans.knownSince(node, pod),
        nodeOf: (pod) => view.endpoint(pod)?.node ?? null,
        ownRulesSince: (pod) => spans.ownRulesSince(pod),
        isPolicyKnown: (pod) => view.isPolicyKnown(pod),
      },
      agents,
    );
    this.awaited = new AwaitedPods(view, this.readiness, options);
    const enforcement = (this.enforcement = new EnforcementTracker(
      {
        asked: (id) => view.modeAsked(id),
        hasSandbox: (pod) => view.pods.hasSandbox(pod),
        isUnpaired: (node) => view.nodes.isUnpaired(node),
        isMissedAsJudge: (node) => view.hasNodePorts && !view.nodes.isJudging(node),
      },
      agents,
    ));
    this.carriers = new UnpairedCarriers(view, enforcement);
    this.explained = new Enforcement(view, spans, enforcement);
    this.acks = new ClusterAcks({
      policyVersionAt: (node, told) => spans.policyVersionAt(node, told),
      ownEndpoints: (node) =>
        spans.revisionOf(node) === undefined ? view.endpointsOn(node) : spans.ownEndpoints(node),
      isNotInForce: (id) => enforcement.notInForce(id) !== undefined,
    });
  }

  settle(now: number): Settled {
    const at = new Date(now).toISOString();
    this.view.pods.setProvisional(now - this.kubelinkHeardAt > KUBELINK_SILENT_AFTER_MS);
    const changes = this.view.flush();
    this.identities.follow(changes);
    const deltas = this.spans.apply(withPeers(changes), at);
    this.inSyncSince ??= this.begin(now);
    const views = [...deltas, ...this.takeNudges(at)];
    for (const { node, revision } of views) this.enforcement.told(node, revision, now);
    this.followPlaces(changes.endpoints, now);
    this.awaited.follow(changes.touchedPods, this.inSyncSince);
    const { told: readiness, converged } = this.readiness.evaluate(now);
    for (const standing of this.enforcement.evaluate(now)) this.acks.stands(standing);
    const withdrawn = this.awaited.takeWithdrawn();
    return { views, readiness, withdrawn, acks: this.acks.take(now), converged };
  }

  get hasSettled(): boolean {
    return this.inSyncSince !== null;
  }

  /** null: nothing of it is in force yet. */
  inForce(policy: CommittedPolicy | null): void {
    if (policy === null) return;
    this.sync.commit = policy;
    this.view.setPolicy(policy);
  }

  setNodeSettings(token: string, settings: NodeSettings | null): void {
    const before = this.view.nodes.settings.get(token);
    this.view.nodes.setSettings(token, settings);
    for (const one of [before, settings]) if (one) this.pairing.add(one.node);
  }

  nodeGone(name: string): void {
    this.spans.forget(name);
    this.agents.forget(name);
    this.enforcement.nodeGone(name);
    this.acks.forget(name);
    this.view.pods.setSandboxes(name, []);
  }

  /** Before anybody was told anything there is nothing that an agent could lack. */
  nudge(node: string, has: number): void {
    if (this.inSyncSince !== null) this.nudged.set(node, has);
  }

  /** Every paired node goes on with what it has from before: it is told to ask, and is waited for until it has. */
  private begin(now: number): number {
    this.agents.listensSince(now);
    for (const node of this.view.nodes.paired()) this.nudged.set(node, 0);
    return now;
  }

  private takeNudges(at: string): NodeView[] {
    const pairings = [...this.pairing].flatMap(
      (node) => this.spans.setUnpaired(node, this.view.nodes.isUnpaired(node), at) ?? [],
    );
    const nudges = [...this.nudged].map(([node, has]) => this.spans.nudge(node, at, has));
    this.pairing.clear();
    this.nudged.clear();
    return [...pairings, ...nudges];
  }

  private followPlaces({ upsert, remove }: ViewChanges['endpoints'], now: number): void {
    for (const id of remove) this.enforcement.removePlace(id);
    for (const endpoint of upsert) {
      const place = placeOf(endpoint);
      if (place === null) this.enforcement.removePlace(endpoint.id);
      else this.enforcement.setPlace(place, now);
    }
    this.carriers.follow(now);
  }
}
