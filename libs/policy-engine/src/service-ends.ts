/**
 * Services of the cluster as the ends of rules, meant by their labels. Which they are, what leads to them and who is behind them only
 * the cluster knows; the control plane says of a rule that Services provide (`servicePorts`) and of a group that it is whoever stands
 * behind Services (`behindServices`). From these come exact pairs: the ClusterIP on the Service's port, and the workloads behind that
 * port on its target port. Whoever may write slices names any address, so a Service speaks for Pods of its own namespace and for
 * nobody else, and its ClusterIP opens only where all others behind it judge who comes for themselves.
 */
import type {
  Address,
  Group,
  GroupId,
  LabelSetId,
  ServiceObserved,
  Unit,
  WireRule,
} from '@ringfence/contracts';
import { hostCidrs, makeGroup } from '@ringfence/contracts';
import { compareIntegerIds } from '@ringfence/labels';
import { questionId } from './question.js';

/** A Service by its labels, and who is behind each of its ports. */
export interface ServiceEnd {
  /** Of the Service itself. */
  readonly labelSet: LabelSetId;
  readonly clusterIps: readonly Address[];
  readonly ports: readonly ServiceEndPort[];
}
export interface ServiceEndPort {
  readonly proto: number;
  readonly port: number;
  /** Pods of the Service's own namespace. */
  readonly members: readonly ServiceMember[];
  /** Somebody else is behind it, too, who does not judge for himself. */
  readonly hasStrangers: boolean;
}
export interface ServiceMember {
  readonly labelSet: LabelSetId;
  readonly workload: string;
  /** A named one may differ from Pod to Pod. */
  readonly targetPort: number;
}

/** What is asked about whoever has a backend's address; undefined: it does not count, a Pod that comes or goes. */
export type BackendOwner = (address: Address) =>
  | {
      /** null: nobody's that policy knows, or no Pod. */
      readonly labelSet: LabelSetId | null;
      readonly workload: string | null;
      /** Of a managed Pod. */
      readonly namespace: string | null;
      readonly judges: boolean;
    }
  | undefined;

interface Fronted extends Pick<ServiceObserved, 'namespace' | 'clusterIps' | 'ports'> {
  readonly backends: readonly Omit<ServiceObserved['backends'][number], 'podUid'>[];
}

export function serviceEndOf(service: Fronted, labelSet: LabelSetId, ownerOf: BackendOwner): ServiceEnd {
  const ports = service.ports.map(({ proto, port }, portIndex): ServiceEndPort => {
    const members = new Map<string, ServiceMember>();
    let hasStrangers = false;
    for (const { address, targetPort } of service.backends.filter((each) => each.portIndex === portIndex)) {
      const owner = ownerOf(address);
      if (owner === undefined) continue;
      const { labelSet: its, workload, namespace, judges } = owner;
      if (its !== null && workload !== null && namespace === service.namespace) {
        const member = { labelSet: its, workload, targetPort };
        members.set(Object.values(member).join(' '), member);
      } else if (!judges) hasStrangers = true;
    }
    return { proto, port, members: [...members.values()], hasStrangers };
  });
  return { labelSet, clusterIps: service.clusterIps, ports };
}

export interface Opened {
  readonly rules: WireRule[];
  readonly groups: Group[];
}

/** What a consumer may do by a rule that Services provide. */
export function egressToServices(rule: WireRule, services: readonly ServiceEnd[]): Opened {
  const open = new OpenPairs(rule.peers);
  for (const { clusterIps, ports } of services) {
    for (const { proto, port, members, hasStrangers } of ports) {
      if (members.length === 0) continue;
      if (!hasStrangers) open.addresses(proto, port, clusterIps);
      for (const { workload, targetPort } of members) open.workload(proto, targetPort, workload);
    }
  }
  const groups = open.groups();
  return {
    rules: groups.map(({ group, proto, port }) => {
      const { servicePorts: _, ...plain } = rule;
      return { ...plain, ports: [{ proto, from: port, to: port }], peers: [group.id] };
    }),
    groups: groups.map(({ group }) => group),
  };
}

/** The question is the rule's together with the port: others behind the same port are a changed answer. */
class OpenPairs {
  private readonly pairs = new Map<
    string,
    {
      readonly proto: number;
      readonly port: number;
      readonly ips: Set<Address>;
      readonly workloads: Set<string>;
    }
  >();

  constructor(private readonly peers: readonly GroupId[]) {}

  addresses(proto: number, port: number, addresses: Iterable<Address>): void {
    for (const address of addresses) this.on(proto, port).ips.add(address);
  }

  workload(proto: number, port: number, workload: string): void {
    this.on(proto, port).workloads.add(workload);
  }

  groups(): { readonly group: Group; readonly proto: number; readonly port: number }[] {
    return [...this.pairs.values()]
      .sort((a, b) => a.proto - b.proto || a.port - b.port)
      .map(({ proto, port, ips, workloads }) => {
        const id = questionId('services', this.peers, proto, port);
        const parts = { cidrs: hostCidrs(ips), workloads: [...workloads].sort() };
        return { group: makeGroup(id, parts), proto, port };
      });
  }

  private on(proto: number, port: number) {
    const key = `${proto}/${port}`;
    let pair = this.pairs.get(key);
    if (pair === undefined)
      this.pairs.set(key, (pair = { proto, port, ips: new Set(), workloads: new Set() }));
    return pair;
  }
}

/** What Pods of a label set do for the Services that they stand behind; `ruled`: what rules say of a Service's label set. */
export function rulesBehind(
  labelSet: LabelSetId,
  services: Iterable<ServiceEnd>,
  ruled: (service: LabelSetId) => Pick<Unit, 'ingress' | 'egress'> | undefined,
): { readonly ingress: WireRule[]; readonly egress: WireRule[] } {
  const found = { ingress: new Map<string, WireRule>(), egress: new Map<string, WireRule>() };
  for (const service of services) {
    const rules = ruled(service.labelSet);
    if (rules === undefined) continue;
    const places = placesOf(labelSet, service);
    for (const direction of ['ingress', 'egress'] as const) {
      const own = rules[direction].flatMap((rule) => places.map((place) => ruleAt(rule, direction, place)));
      for (const rule of own) found[direction].set(JSON.stringify(rule), rule);
    }
  }
  return { ingress: sorted(found.ingress), egress: sorted(found.egress) };
}

interface Place extends Pick<ServiceMember, 'workload' | 'targetPort'> {
  readonly proto: number;
}
const placesOf = (labelSet: LabelSetId, { ports }: ServiceEnd): Place[] =>
  ports.flatMap(({ proto, members }) =>
    members.filter((one) => one.labelSet === labelSet).map((one) => ({ ...one, proto })),
  );

/** What comes through a Service comes to its target port; what goes out is as the rule says, which may be to Services, too. */
function ruleAt(
  rule: WireRule,
  direction: 'ingress' | 'egress',
  { workload, proto, targetPort: port }: Place,
): WireRule {
  const onlyWorkloads = [workload];
  if (direction === 'egress') return { ...rule, onlyWorkloads };
  const { servicePorts: _, ...plain } = rule;
  return { ...plain, ports: [{ proto, from: port, to: port }], onlyWorkloads };
}

const sorted = (found: ReadonlyMap<string, WireRule>): WireRule[] =>
  [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);

/** Of a group that is whoever stands behind Services: who that is. */
export function withMembers(group: Group, services: readonly ServiceEnd[]): Group {
  const { behindServices, ...plain } = group;
  if (behindServices === undefined) return group;
  const members = services.flatMap(({ ports }) => ports.flatMap((port) => port.members));
  const workloads = members.map(({ workload }) => workload);
  return { ...plain, workloads: [...new Set([...group.workloads, ...workloads])].sort() };
}

/** Each rule that was added in its place in the total order, after what its own rule says already. */
export function inOrder(rules: WireRule[], added: readonly WireRule[]): WireRule[] {
  if (added.length === 0) return rules;
  const merged = [...rules];
  for (const rule of added) {
    const after = merged.findIndex((other) => comesBefore(rule, other));
    merged.splice(after < 0 ? merged.length : after, 0, rule);
  }
  return merged;
}

/** `rule` is one of a rule set that allows. */
function comesBefore(rule: WireRule, other: WireRule): boolean {
  if (other.class !== 'allow') return other.class === 'deny';
  const [own, its] = [placeOf(rule), placeOf(other)];
  // Whatever is of no rule set comes after all that is.
  if (own === null || its === null) return its === null;
  return (compareIntegerIds(own.ruleSet, its.ruleSet) || compareIntegerIds(own.rule, its.rule)) < 0;
}

function placeOf({ ref }: WireRule): { readonly ruleSet: string; readonly rule: string } | null {
  const [, ruleSet, rule] = /\/rule_sets\/(\d+)\/sec_rules\/(\d+)$/.exec(ref) ?? [];
  return ruleSet === undefined || rule === undefined ? null : { ruleSet, rule };
}
