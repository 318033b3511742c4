/**
 * The cluster's changes → each node's numbered deltas. One revision counts for the whole cluster; a node hears only of
 * those that concern it.
 */
import type {
  Endpoint,
  EnforcementMode,
  Group,
  GroupId,
  LabelSetId,
  NodeView,
  PolicyStamp,
  Unit,
} from '@ringfence/contracts';
import { NO_STAMP } from './cluster-view.calculator.js';
import type { ViewChanges } from './cluster-view.calculator.js';
import type { ToldView } from './explain/place-judge.js';
import { groupDifference, keyDifference, targetKeys } from './interest.js';
import type { GroupDifference } from './interest.js';
import { KnownEndpoints } from './known-endpoints.js';
import { FOR_EVERYBODY, NodeSpan } from './node-span.calculator.js';
import type { ClusterContent, ContentChanges } from './node-span.calculator.js';
import { ToldStamps } from './told-stamps.js';

export type { ViewChanges } from './cluster-view.calculator.js';

interface Telling {
  readonly lists: Partial<NodeLists>;
  /** Told to every node, whether anything of it is its own. */
  readonly concernsAll: boolean;
  readonly at: string;
}
interface Said {
  readonly at: string;
  readonly base: number | null;
  readonly content: Pick<NodeView, 'groups' | 'endpoints' | 'units'>;
  readonly lists?: Partial<NodeLists>;
}
interface NodeState {
  readonly view: NodeSpan;
  revision: number;
  isUnpaired: boolean;
  /** Newest first: from this revision on the node's view was of this policy version. */
  versions: { readonly revision: number; readonly policyVersion: number }[];
  readonly stamps: ToldStamps;
}

/** An acknowledgement is seldom older than the last few versions. */
const VERSIONS_KEPT = 32;

export class Spans {
  private readonly units = new Map<LabelSetId, Unit>();
  private readonly groups = new Map<GroupId, Group>();
  private readonly endpoints = new KnownEndpoints();
  private readonly states = new Map<string, NodeState>();
  private readonly guardUnits = new Map<LabelSetId, Unit>();
  private readonly content: ClusterContent = {
    units: this.units,
    guardUnits: this.guardUnits,
    groups: this.groups,
    endpoints: this.endpoints,
  };
  private readonly everything: ToldView = {
    endpoint: (id) => this.endpoint(id),
    unit: (id) => this.units.get(id),
    group: (id) => this.groups.get(id),
    endpoints: () => this.endpoints.all(),
  };
  private lists: NodeLists = { namespaces: [], nodePorts: [], apiServers: [] };
  private newestStamp: PolicyStamp = NO_STAMP;

  /** `revision`: the last one that was told before a restart. */
  constructor(private revision: number) {}

  get currentRevision(): number {
    return this.revision;
  }

  get policyVersion(): number {
    return this.newestStamp.policyVersion;
  }

  /** What everything that nodes are told is made from. */
  get stamp(): PolicyStamp {
    return this.newestStamp;
  }

  /** What the node has, if it acknowledged this revision last; null: nothing that we told. */
  inForce(node: string, acknowledged: number): PolicyStamp | null {
    return this.states.get(node)?.stamps.inForce(acknowledged) ?? null;
  }

  nodes(): Iterable<string> {
    return this.states.keys();
  }

  revisionOf(node: string): number | undefined {
    return this.states.get(node)?.revision;
  }

  /** What the node was told; where no agent has ever asked, what one would be told from. */
  viewOf(node: string | null): ToldView {
    return this.states.get(node ?? '')?.view ?? this.everything;
  }

  /** As every node was told. */
  namespaceMode(name: string): EnforcementMode | undefined {
    return this.lists.namespaces.find((namespace) => namespace.name === name)?.mode;
  }

  /** Nodes that know the endpoint, with the revision that told them. */
  *span(endpoint: string): Generator<{ node: string; since: number }> {
    for (const [node, { view }] of this.states) {
      const since = view.knownSince(endpoint);
      if (since !== undefined) yield { node, since };
    }
  }

  knownSince(node: string, endpoint: string): number | undefined {
    return this.states.get(node)?.view.knownSince(endpoint);
  }

  /** The revision with which the endpoint's own node was told its rules last; undefined: it was not told (all of) them. */
  ownRulesSince(id: string): number | undefined {
    const endpoint = this.endpoint(id);
    const view = this.states.get(endpoint?.node ?? '')?.view;
    const [known, rules] = [view?.knownSince(id), view?.rulesSince(endpoint?.labelSet ?? '')];
    return known === undefined || rules === undefined ? undefined : Math.max(known, rules);
  }

  *ownEndpoints(node: string): Generator<Endpoint> {
    for (const id of this.states.get(node)?.view.ownEndpoints ?? []) {
      const endpoint = this.endpoint(id);
      if (endpoint !== undefined) yield endpoint;
    }
  }

  endpoint(id: string): Endpoint | undefined {
    return this.endpoints.get(id)?.endpoint;
  }

  /** Deltas for the nodes that it concerns. */
  apply(changes: ViewChanges, at: string): NodeView[] {
    const lists = changedLists(changes);
    const isNewVersion = changes.stamp.policyVersion !== this.policyVersion;
    const concernsAll = Object.keys(lists).length > 0 || isNewVersion;
    this.newestStamp = changes.stamp;
    const deltas = this.deltas(changes, { lists, concernsAll, at });
    // Who is told nothing has it already.
    for (const state of this.states.values()) this.noteVersion(state);
    return deltas;
  }

  private deltas(changes: ViewChanges, { lists, concernsAll, at }: Telling): NodeView[] {
    const concerns = this.take(changes);
    this.lists = { ...this.lists, ...lists };
    const isEmpty = concerns.units.size + concerns.groups.size + concerns.endpoints.size === 0;
    if (isEmpty && !concernsAll) return [];
    // Also where no node is concerned: a number is never given twice.
    this.revision += 1;
    const deltas: NodeView[] = [];
    for (const [node, state] of this.states) {
      const delta = state.view.apply(concerns, this.content, this.revision);
      if (delta === null && !concernsAll) continue;
      const base = state.revision;
      state.revision = this.revision;
      deltas.push(this.message(node, state, { at, base, content: delta ?? NOTHING, lists }));
    }
    return deltas;
  }

  /** Everything that the node must know; a node that was not known until now is from now on. */
  snapshot(node: string, at: string): NodeView {
    const state = this.node(node);
    const content = state.view.snapshot();
    return this.message(node, state, { at, base: null, content, lists: this.lists });
  }

  /**
   * An empty delta on what the node should have: one that has it ignores it, one that has not asks for a snapshot. An agent
   * whose revision is above ours has it from a store that was lost: the delta builds on one that it cannot have.
   */
  nudge(node: string, at: string, has = 0): NodeView {
    const state = this.node(node);
    const base = has > state.revision ? has + 1 : state.revision;
    return this.message(node, state, { at, base, content: NOTHING });
  }

  /** Returns the nudge that tells the node, where that is news. */
  setUnpaired(node: string, isUnpaired: boolean, at: string): NodeView | null {
    const state = this.states.get(node);
    if (state === undefined || state.isUnpaired === isUnpaired) return null;
    state.isUnpaired = isUnpaired;
    const base = state.revision;
    state.revision = ++this.revision;
    return this.message(node, state, { at, base, content: NOTHING });
  }

  /** The policy version that the node has in its kernel with this revision; undefined: not known (any more). */
  policyVersionAt(node: string, revision: number): number | undefined {
    const versions = this.states.get(node)?.versions ?? [];
    return versions.find((one) => one.revision <= revision)?.policyVersion;
  }

  forget(node: string): void {
    this.states.delete(node);
  }

  private message(node: string, { revision, isUnpaired }: NodeState, said: Said): NodeView {
    const { at, base, content, lists } = said;
    const { units, groups, endpoints } = content;
    const { policyVersion } = this;
    const message: NodeView = { node, revision, policyVersion, at, base, units, groups, endpoints };
    if (isUnpaired) message.unpaired = true;
    return lists === undefined ? message : Object.assign(message, lists);
  }

  private node(node: string): NodeState {
    let state = this.states.get(node);
    if (state === undefined) {
      state = {
        view: new NodeSpan(node),
        revision: ++this.revision,
        isUnpaired: false,
        versions: [],
        stamps: new ToldStamps(),
      };
      this.states.set(node, state);
      this.noteVersion(state);
      const here = this.endpoints.of(node);
      const everything = {
        units: new Set(this.guardUnits.keys()),
        groups: new Map(FOR_EVERYBODY.map((id) => [id, keyDifference([], [])])),
        endpoints: new Set(here),
        endpointsOf: new Map([[node, here]]),
        guards: keyDifference([], targetKeys(this.lists.nodePorts)),
      };
      state.view.apply(everything, this.content, state.revision);
    }
    return state;
  }

  private noteVersion(state: NodeState): void {
    state.stamps.told(state.revision, this.newestStamp);
    if (state.versions[0]?.policyVersion === this.policyVersion) return;
    state.versions.unshift({ revision: state.revision, policyVersion: this.policyVersion });
    state.versions.splice(VERSIONS_KEPT);
  }

  private take(changes: ViewChanges): ContentChanges {
    const groups = new Map<GroupId, GroupDifference>();
    const units = new Set([
      ...followUnits(this.units, changes.units),
      ...followUnits(this.guardUnits, changes.guards.units),
    ]);
    const { nodePorts } = this.lists;
    const guards = keyDifference(targetKeys(nodePorts), targetKeys(changes.guards.nodePorts ?? nodePorts));
    for (const group of changes.groups.upsert) {
      groups.set(group.id, groupDifference(this.groups.get(group.id), group));
      this.groups.set(group.id, group);
    }
    for (const id of changes.groups.remove) {
      groups.set(id, groupDifference(this.groups.get(id), undefined));
      this.groups.delete(id);
    }
    return { units, groups, guards, ...this.endpoints.take(changes.endpoints) };
  }
}

/** Told whole, to every node. */
type NodeLists = Required<Pick<NodeView, 'namespaces' | 'nodePorts' | 'apiServers'>>;

function changedLists({ namespaces, apiServers, guards }: ViewChanges): Partial<NodeLists> {
  return {
    ...(namespaces && { namespaces: [...namespaces] }),
    ...(guards.nodePorts && { nodePorts: [...guards.nodePorts] }),
    ...(apiServers && { apiServers: [...apiServers] }),
  };
}

/** Returns whose unit changed. */
function followUnits(units: Map<LabelSetId, Unit>, { upsert, remove }: ViewChanges['units']): LabelSetId[] {
  for (const unit of upsert) units.set(unit.labelSet.id, unit);
  for (const id of remove) units.delete(id);
  return [...upsert.map((unit) => unit.labelSet.id), ...remove];
}

const NOTHING: Said['content'] = {
  groups: { upsert: [], remove: [] },
  endpoints: { upsert: [], remove: [] },
  units: { upsert: [], remove: [] },
};
