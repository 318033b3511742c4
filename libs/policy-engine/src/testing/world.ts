/** A small, closed world: everything that decides who may talk to whom in one cluster. */
import type {
  EnforcementMode,
  Endpoint,
  Group,
  LabelCatalogue,
  LabelSet,
  LabelSetId,
  PolicyObjects,
  RuleList,
  RuleListId,
  Unit,
  UnitOfLists,
} from '@ringfence/contracts';
import type { PolicyChanges } from '../cluster-policy.calculator.js';
import { GroupMembers } from '../group-members.js';
import { PolicyCalculator } from '../policy.calculator.js';
import { unitWithRules } from '../unit-rules.js';

export interface World {
  readonly cluster: string;
  readonly catalogue: Pick<LabelCatalogue, 'types' | 'labels'>;
  readonly objects: PolicyObjects;
  readonly labelSets: readonly { readonly labelSet: LabelSet; readonly mode: EnforcementMode }[];
  /** Which label set each workload has. */
  readonly workloads: ReadonlyMap<string, LabelSetId>;
  /** Pods, nodes and unmanaged workloads; no address twice. */
  readonly endpoints: readonly Endpoint[];
  /** Addresses of no endpoint, to be peers too. */
  readonly strangers: readonly string[];
}

/** The state that a reader of the changes arrives at. */
export class ToldPolicy {
  readonly listed = new Map<LabelSetId, UnitOfLists>();
  readonly lists = new Map<RuleListId, RuleList>();
  readonly groups = new Map<string, Group>();

  apply(changes: PolicyChanges): void {
    for (const group of changes.groups.upsert) this.groups.set(group.id, group);
    for (const list of changes.lists.upsert) this.lists.set(list.id, list);
    for (const unit of changes.units.upsert) this.listed.set(unit.labelSet.id, unit);
    for (const id of changes.units.remove) this.listed.delete(id);
    for (const id of changes.lists.remove) this.lists.delete(id);
    for (const id of changes.groups.remove) this.groups.delete(id);
  }

  /** With their rules at hand. Throws where a unit names a list that nobody was told of. */
  get units(): Map<LabelSetId, Unit> {
    return new Map([...this.listed].map(([id, unit]) => [id, this.withRules(unit)]));
  }

  private withRules(unit: UnitOfLists): Unit {
    const lists = unit.lists.map((id) => this.lists.get(id));
    if (lists.includes(undefined))
      throw new Error(`${unit.labelSet.id} names a list that nobody was told of`);
    return unitWithRules(unit, this.lists);
  }
}

/** The engine's policy of a world, from zero. */
export function computePolicy(world: World): ToldPolicy {
  const calculator = new PolicyCalculator();
  calculator.setCatalogue(world.catalogue);
  calculator.setObjects(world.objects);
  for (const { labelSet, mode } of world.labelSets) calculator.setLabelSet(labelSet, mode);
  for (const [workload, labelSet] of world.workloads) calculator.setWorkload(workload, labelSet);
  const told = new ToldPolicy();
  told.apply(calculator.flush(world.cluster));
  return told;
}

export function membersOf(world: World, policy: ToldPolicy): GroupMembers {
  const members = new GroupMembers();
  for (const endpoint of world.endpoints) members.upsertEndpoint(endpoint);
  for (const group of policy.groups.values()) members.upsertGroup(group);
  return members;
}

/** All addresses of the node that hosts the endpoint; a node hosts itself. */
export function hostAddressesOf(world: World, endpoint: Endpoint): ReadonlySet<string> {
  const host = world.endpoints.find((other) => other.class === 'node' && other.id === endpoint.node);
  return new Set(host?.addresses);
}
