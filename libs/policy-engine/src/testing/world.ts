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
  SeenFromOutside,
  ServiceObserved,
  Unit,
  UnitOfLists,
  WireRule,
} from '@ringfence/contracts';
import type { PolicyChanges } from '../cluster-policy.calculator.js';
import { GroupMembers } from '../group-members.js';
import { PolicyCalculator } from '../policy.calculator.js';
import { egressToServices, inOrder, rulesBehind, serviceEndOf, withMembers } from '../service-ends.js';
import type { ServiceEnd } from '../service-ends.js';
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
  /** Of workloads of other clusters: how they are seen from here; absent: none. */
  readonly seen?: ReadonlyMap<string, SeenFromOutside>;
  /** Of unmanaged workloads; absent: none. */
  readonly subnets?: ReadonlyMap<string, readonly string[]>;
  /** Services of the cluster; absent: none. */
  readonly services?: readonly ServiceInWorld[];
}

export interface ServiceInWorld extends Pick<ServiceObserved, 'clusterIps'> {
  /** Its own, one of those of the world. */
  readonly labelSet: LabelSet;
  readonly ports: readonly { readonly proto: number; readonly port: number }[];
  readonly backends: readonly {
    readonly portIndex: number;
    readonly targetPort: number;
    readonly address: string;
  }[];
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
  for (const [workload, subnets] of world.subnets ?? []) calculator.setSubnets(workload, subnets);
  if (world.seen !== undefined) calculator.setCrossing(true);
  for (const [workload, seen] of world.seen ?? []) calculator.setSeenFromOutside(workload, seen);
  const told = new ToldPolicy();
  told.apply(calculator.flush(world.cluster));
  return told;
}

/** What is enforced in the world's cluster: with who stands behind its Services. */
export function inCluster(world: World, told: ToldPolicy): EnforcedPolicy {
  const ends = (world.services ?? []).map((service) => endIn(world, service));
  const groups = new Map<string, Group>();
  const servicesOf = ({ behindServices = [] }: Group): ServiceEnd[] =>
    ends.filter(({ labelSet }) => behindServices.includes(labelSet));
  for (const group of told.groups.values()) groups.set(group.id, withMembers(group, servicesOf(group)));
  const opened = (rule: WireRule): WireRule[] => {
    if (rule.servicePorts !== true) return [rule];
    const pairs = egressToServices(
      rule,
      rule.peers.flatMap((peer) => servicesOf(told.groups.get(peer)!)),
    );
    for (const group of pairs.groups) groups.set(group.id, group);
    return pairs.rules;
  };
  const units = new Map<LabelSetId, Unit>();
  for (const [id, unit] of told.units) {
    if (unit.labelSet.class === 'service') continue;
    const behind = rulesBehind(id, ends, (service) => told.units.get(service));
    const egress = inOrder(unit.egress, behind.egress).flatMap(opened);
    units.set(id, { ...unit, ingress: inOrder(unit.ingress, behind.ingress), egress });
  }
  return { units, groups };
}

export interface EnforcedPolicy {
  readonly units: ReadonlyMap<LabelSetId, Unit>;
  readonly groups: ReadonlyMap<string, Group>;
}

function endIn(world: World, { labelSet, ports, ...service }: ServiceInWorld): ServiceEnd {
  const known = {
    ...{ ...service, namespace: labelSet.namespace ?? '' },
    ports: ports.map((port) => ({ ...port, name: '', nodePort: null })),
  };
  return serviceEndOf(known, labelSet.id, (address) => {
    const owner = world.endpoints.find(({ addresses }) => addresses.includes(address));
    const its = world.labelSets.find((one) => one.labelSet.id === owner?.labelSet);
    const isPod = its?.labelSet.class === 'pod';
    return {
      labelSet: its?.labelSet.id ?? null,
      workload: owner?.workload ?? null,
      namespace: isPod ? its.labelSet.namespace : null,
      judges: isPod && its.mode === 'full',
    };
  });
}

export function membersOf(world: World, policy: Pick<EnforcedPolicy, 'groups'>): GroupMembers {
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
