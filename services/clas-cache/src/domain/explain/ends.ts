/**
 * A name that somebody gave → what it means in this cluster: Pods, a node, a Service, or a mere address. Nothing is
 * guessed: a name that could mean two things is refused with what it could mean.
 */
import type { Address, ServiceObserved } from '@ringfence/contracts';
import { endNamed, kubernetesWorkloadId } from '@ringfence/labels';
import type { NamedAs } from '@ringfence/labels';
import { canonicalAddress } from '@ringfence/policy-engine';
import type { ClusterView } from '../cluster-view.calculator.js';
import type { NodeFacts } from '../node-endpoints.calculator.js';
import type { PodFacts } from '../pod-endpoints.calculator.js';

export type End =
  /** All Pods of one workload, or one; `address`: the one that was asked for. */
  | {
      readonly kind: 'pods';
      readonly name: string;
      readonly pods: readonly PodFacts[];
      readonly address: Address | null;
    }
  | { readonly kind: 'node'; readonly name: string; readonly address: Address | null }
  | {
      readonly kind: 'service';
      readonly name: string;
      readonly service: ServiceObserved;
      readonly address: Address;
    }
  | { readonly kind: 'address'; readonly name: string; readonly address: Address };

export interface EndProblem {
  readonly kind: 'unknown-end' | 'ambiguous-end';
  readonly message: string;
}

type Finder = (name: string, view: ClusterView, cluster: string) => readonly End[];

const FINDERS: Readonly<Record<NamedAs, Finder>> = {
  workload: workloads,
  pod: podsNamed,
  service: servicesNamed,
  node: nodesNamed,
};
export function findEnd(text: string, view: ClusterView, cluster: string): End | EndProblem {
  const address = canonicalAddress(text);
  if (address !== null) return ownerOf(address, view);
  const { name, as } = endNamed(text);
  if (as !== null) return only(text, FINDERS[as](name, view, cluster));
  // A Service in front of a workload often has its name, and so has a lone Pod: the workload is meant.
  for (const find of Object.values(FINDERS)) {
    const found = find(text, view, cluster);
    if (found.length > 0) return only(text, found);
  }
  return only(text, []);
}

function only(text: string, found: readonly End[]): End | EndProblem {
  const [first, ...others] = found;
  if (first === undefined)
    return { kind: 'unknown-end', message: `"${text}" has no Pod, Service or node in this cluster` };
  if (others.length === 0) return first;
  const which = found.slice(0, 4).map(({ name }) => name);
  return {
    kind: 'ambiguous-end',
    message: `"${text}" may be ${which.join(', ')}: give the name of a Pod, or an id`,
  };
}

export const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

const isLive = (pod: PodFacts): boolean => pod.phase !== 'Succeeded' && pod.phase !== 'Failed';

/** By id, or by the name of the topmost owner; one end for each owner of that name. */
function workloads(name: string, view: ClusterView, cluster: string): End[] {
  const byOwner = new Map<string, PodFacts[]>();
  for (const pod of view.pods.pods.values()) {
    const { owner, namespace } = pod;
    const isMeant =
      `${namespace}/${owner.name}` === name || kubernetesWorkloadId(cluster, owner.uid) === name;
    if (isMeant && isLive(pod)) byOwner.set(owner.uid, [...(byOwner.get(owner.uid) ?? []), pod]);
  }
  return [...byOwner.values()].map((pods) => {
    const [{ namespace, owner }] = pods as [PodFacts];
    const shown = byOwner.size === 1 ? '' : `${owner.kind} `;
    const sorted = pods.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { kind: 'pods', name: `${shown}${namespace}/${owner.name}`, pods: sorted, address: null };
  });
}

function podsNamed(name: string, view: ClusterView): End[] {
  return [...view.pods.pods.values()]
    .filter((pod) => isLive(pod) && (nameOf(pod) === name || pod.uid === name))
    .map((pod) => ({ kind: 'pods', name: nameOf(pod), pods: [pod], address: null }));
}

function servicesNamed(name: string, view: ClusterView): End[] {
  return [...view.services.values()]
    .filter((service) => nameOf(service) === name || service.uid === name)
    .flatMap((service): End[] => {
      const [address] = service.clusterIps;
      return address === undefined ? [] : [{ kind: 'service', name: nameOf(service), service, address }];
    });
}

function nodesNamed(name: string, view: ClusterView): End[] {
  const isMeant = (node: string): boolean => node === name || view.nodes.endpoint(node)?.workload === name;
  return [...view.nodes.nodes.values()]
    .filter((node) => isMeant(node.name))
    .map((node) => ({ kind: 'node', name: node.name, address: null }));
}

function ownerOf(address: Address, view: ClusterView): End {
  const pod = view.pods.podAt(address);
  if (pod !== undefined) return { kind: 'pods', name: nameOf(pod), pods: [pod], address };
  for (const service of view.services.values()) {
    if (service.clusterIps.includes(address))
      return { kind: 'service', name: nameOf(service), service, address };
  }
  for (const node of view.nodes.nodes.values()) {
    if (addressesOfNode(node, view).includes(address)) return { kind: 'node', name: node.name, address };
  }
  return { kind: 'address', name: address, address };
}

/** What Kubernetes calls its addresses come first. */
export function addressesOfNode(node: NodeFacts, view: ClusterView): readonly Address[] {
  const told = node.addresses.flatMap((address) => canonicalAddress(address) ?? []);
  return [...new Set([...told, ...(view.nodes.endpoint(node.name)?.addresses ?? [])])];
}
