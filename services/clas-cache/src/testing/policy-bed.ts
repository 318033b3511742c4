/** A cluster with NetworkPolicies as clas-cache sees it, and what its agents would do with a connection by what they are told. */
import { networkPolicyForm } from '@ringfence/cluster-facts';
import { TRUTH_CLUSTER } from '@ringfence/cluster-facts/testing';
import type { JudgedCluster, JudgedPod, PodTraffic, WrittenPolicy } from '@ringfence/cluster-facts/testing';
import type { Endpoint, Group, NetworkPolicyForm, Unit } from '@ringfence/contracts';
import { endpointUnit, OWN_HOST } from '@ringfence/firewall';
import { evaluate, GroupMembers } from '@ringfence/policy-engine';
import { ClusterGraph } from '../domain/cluster-graph.js';
import { takeObserved } from '../domain/observed.js';
import { recordsOf } from '../domain/stored-state.js';
import { takeTold } from '../domain/told.js';
import { AT, catalogue, CLUSTER, node, pod, profile, tellLists } from './facts.js';
import { ToldChanges } from './told-changes.js';

const seen = { resourceVersion: '1', epoch: 'e1', gone: false, observedAt: AT };
export const uidOf = ({ namespace, name }: JudgedPod): string => `${namespace}-${name}`;

export class PolicyBed {
  readonly endpoints = new ToldChanges<Endpoint>(({ id }) => id);
  readonly peers = new ToldChanges<Endpoint>(({ id }) => id);
  readonly units = new ToldChanges<Unit>(({ labelSet }) => labelSet.id);
  readonly groups = new ToldChanges<Group>(({ id }) => id);
  readonly graph = new ClusterGraph({ cluster: CLUSTER, readinessTimerSeconds: 15 }, 0, recordsOf(null));
  namespaces: readonly { readonly name: string; readonly mode: string }[] = [];

  constructor(modes: Readonly<Record<string, Unit['mode']>>) {
    takeTold(this.graph, 'labels', '', catalogue);
    tellLists({ observe: (kind, observed) => takeObserved(this.graph, kind, observed) });
    takeObserved(this.graph, 'node', node('n1', { addresses: ['172.16.0.1'], podCidrs: ['10.0.0.0/24'] }));
    for (const [namespace, mode] of Object.entries(modes))
      takeTold(this.graph, 'profile', namespace, profile(namespace, { mode }));
  }

  setPod(one: JudgedPod, gone = false): void {
    const { namespace, name, labels, addresses, node: on, hostNetwork, namedPorts } = one;
    const facts = {
      namespace,
      labels,
      addresses: [...addresses],
      node: on,
      hostNetwork,
      namedPorts: [...namedPorts],
    };
    const owner = { uid: `${uidOf(one)}-owner`, kind: 'Deployment', name };
    takeObserved(
      this.graph,
      'pod',
      pod(name, 1, { ...facts, uid: uidOf(one), owner, annotations: {}, gone }),
    );
  }

  setNamespace(name: string, labels: Readonly<Record<string, string>>): void {
    takeObserved(this.graph, 'namespace', { ...seen, uid: `ns-${name}`, name, labels, annotations: {} });
  }

  setPolicy(uid: string, form: NetworkPolicyForm | null): void {
    const nothing = { namespace: '', name: '', pods: [], ingress: null, egress: null };
    takeObserved(this.graph, 'networkpolicy', { ...seen, ...(form ?? nothing), uid, gone: form === null });
  }

  flush(): void {
    const changes = this.graph.view.flush();
    this.endpoints.take(changes.endpoints);
    this.peers.take(changes.peers);
    this.units.take(changes.units);
    this.groups.take(changes.groups);
    this.namespaces = changes.namespaces ?? this.namespaces;
  }

  /** Whether the table of that end would block it; null: nobody enforces anything there. */
  isBlocked(direction: 'ingress' | 'egress', { from, to, proto, port }: PodTraffic): boolean | null {
    const [own, peer] = direction === 'ingress' ? [to, from] : [from, to];
    const unit = own.pod === null ? null : this.unitOf(own.pod);
    if (unit === null) return null;
    const all = this.members();
    const members = {
      contains: (group: string, address: string, none: ReadonlySet<string>) =>
        group === OWN_HOST
          ? TRUTH_CLUSTER.nodes.get(address) === own.pod?.node
          : all.contains(group, address, none),
    };
    const packet = { proto, port, peer: peer.address };
    const hostAddresses: ReadonlySet<string> = new Set();
    const { verdict } = evaluate({ unit, direction, packet, members, hostAddresses });
    return verdict === 'blocked';
  }

  /** What its agent makes its table of; null: it makes none. */
  unitOf(pod: JudgedPod): Unit | null {
    const endpoint = this.endpoints.get(uidOf(pod));
    const unit = endpoint && this.units.get(endpoint.labelSet);
    if (endpoint === undefined || unit === undefined) return null;
    return endpointUnit(unit, { workload: endpoint.workload, probePorts: [] });
  }

  members(): GroupMembers {
    const all = new GroupMembers();
    for (const one of [...this.endpoints.values(), ...this.peers.values()]) all.upsertEndpoint(one);
    for (const group of this.groups.values()) all.upsertGroup(group);
    return all;
  }

  passes(traffic: PodTraffic): boolean {
    if (traffic.from.pod !== null && traffic.from.pod === traffic.to.pod) return true;
    return this.isBlocked('egress', traffic) !== true && this.isBlocked('ingress', traffic) !== true;
  }
}

export const formOf = ({ in: namespace, spec }: WrittenPolicy, name = 'p'): NetworkPolicyForm =>
  networkPolicyForm({ metadata: { uid: 'u', name, namespace, resourceVersion: '1' }, spec });

/** Everything of it at once. */
export function bedOf(cluster: JudgedCluster, modes: Readonly<Record<string, Unit['mode']>>): PolicyBed {
  const bed = new PolicyBed(modes);
  for (const [name, labels] of cluster.namespaces) bed.setNamespace(name, labels);
  for (const one of cluster.pods) bed.setPod(one);
  cluster.policies.forEach((form, i) => bed.setPolicy(`policy-${i}`, form));
  return bed;
}
