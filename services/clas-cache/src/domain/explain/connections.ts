/**
 * Two ends → the packets that would go between them, and as what each kernel on the way sees them:
 *
 *   Pod ─(ClusterIP, service port)─▶ node: translated ─(Pod's address, target port)─▶ Pod     its source is unchanged
 *   node ─(translated before its own rules)─▶ Pod                                             source: an address of the node
 *   Pod ─▶ ClusterIP ─▶ the same Pod                                       its node passes it, whatever the policy
 *   anybody ─▶ node: NodePort, translated ─▶ Pod                            the node judges its real source for the Pod
 */
import type { Address } from '@ringfence/contracts';
import { CidrSet } from '@ringfence/policy-engine';
import type { ClusterView } from '../cluster-view.calculator.js';
import type { PodFacts } from '../pod-endpoints.calculator.js';
import { addressesOfNode, nameOf } from './ends.js';
import type { End } from './ends.js';

/** A network namespace of ours. */
export type Place =
  | {
      readonly kind: 'pod';
      readonly id: string;
      readonly node: string | null;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: 'node'; readonly id: string; readonly node: string; readonly name: string };

export interface Connection {
  readonly source: Place | null;
  readonly destination: Place | null;
  /** The destination as the source's kernel sees it. */
  readonly dialled: { readonly address: Address; readonly port: number };
  /** The source as the destination's kernel sees it, and the port there. */
  readonly arrives: { readonly address: Address; readonly port: number };
  readonly isThroughClusterIp: boolean;
  /** The destination sees a node that stands in between, and takes its word for the real source. */
  readonly judgedByNode: 'hairpin' | 'node-port' | null;
  /** It never leaves its network namespace. */
  readonly isLoopback: boolean;
  readonly names: { readonly from: string; readonly to: string };
}

interface Spot {
  readonly name: string;
  readonly place: Place | null;
  readonly addresses: readonly Address[];
}
interface Target {
  readonly spot: Spot;
  readonly port: number;
  /** What is dialled instead, where it is translated; `node`: whose NodePort it is. */
  readonly via: { readonly address: Address; readonly port: number; readonly node: string | null } | null;
}

/** More pairs of Pods than this are not looked at. */
export const MOST_CONNECTIONS = 64;

export function connectionsBetween(
  from: End,
  to: End,
  { proto, port }: { readonly proto: number; readonly port: number },
  view: ClusterView,
): Connection[] {
  const sources = from.kind === 'service' ? [] : spots(from, view);
  const targets = targetsOf(to, { proto, port }, view);
  const pairs = sources.flatMap((source) => targets.map((target) => ({ source, target })));
  return pairs.slice(0, MOST_CONNECTIONS).map(({ source, target }) => connection(source, target, view));
}

function spots(end: Exclude<End, { kind: 'service' }>, view: ClusterView): Spot[] {
  if (end.kind === 'address') return [{ name: end.name, place: null, addresses: [end.address] }];
  if (end.kind === 'node') return [nodeSpot(end.name, end.address, view)];
  return end.pods.map((pod) => podSpot(pod, end.address, view));
}

function podSpot(pod: PodFacts, address: Address | null, view: ClusterView): Spot {
  if (pod.hostNetwork && pod.node !== null)
    return { ...nodeSpot(pod.node, address, view), name: `${nameOf(pod)} (in the network of ${pod.node})` };
  const endpoint = view.pods.endpoint(pod.uid);
  const own = address === null ? (endpoint?.addresses ?? pod.addresses) : [address];
  const { uid: id, namespace, name } = pod;
  const node = endpoint?.node ?? pod.node;
  return { name: nameOf(pod), place: { kind: 'pod', id, node, namespace, name }, addresses: own };
}

function nodeSpot(name: string, address: Address | null, view: ClusterView): Spot {
  const facts = [...view.nodes.nodes.values()].find((node) => node.name === name);
  const addresses = facts === undefined ? [] : addressesOfNode(facts, view);
  return {
    name,
    place: { kind: 'node', id: name, node: name, name },
    addresses: address === null ? addresses : [address],
  };
}

type ProtoAndPort = { readonly proto: number; readonly port: number };

function targetsOf(to: End, { proto, port }: ProtoAndPort, view: ClusterView): Target[] {
  if (to.kind === 'service') return behind(to, { proto, port }, view);
  const found = spots(to, view);
  const nodePort = to.kind === 'node' ? throughNodePort(to.name, found[0]!, { proto, port }, view) : [];
  return nodePort.length > 0 ? nodePort : found.map((spot) => ({ spot, port, via: null }));
}

/** A port that the Service does not have is translated to nothing: only the source's own rules speak about it. */
function behind(
  { service, address, name }: Extract<End, { kind: 'service' }>,
  { proto, port }: ProtoAndPort,
  view: ClusterView,
): Target[] {
  const portIndex = service.ports.findIndex((each) => each.proto === proto && each.port === port);
  const backends = service.backends.filter((backend) => backend.portIndex === portIndex);
  const via = { address, port, node: null };
  if (backends.length === 0) return [{ spot: { name, place: null, addresses: [address] }, port, via }];
  return backends.map((backend) => ({ spot: spotAt(backend, view), port: backend.targetPort, via }));
}

function throughNodePort(
  node: string,
  { addresses }: Spot,
  { proto, port }: ProtoAndPort,
  view: ClusterView,
): Target[] {
  const via = { address: addresses[0] ?? NOWHERE, port, node };
  return [...view.services.values()].flatMap((service) => {
    const portIndex = service.ports.findIndex((each) => each.proto === proto && each.nodePort === port);
    const backends = service.backends.filter((backend) => backend.portIndex === portIndex);
    return backends.map((backend) => ({ spot: spotAt(backend, view), port: backend.targetPort, via }));
  });
}

function spotAt(
  { podUid, address }: { readonly podUid: string | null; readonly address: Address },
  view: ClusterView,
): Spot {
  const named = podUid === null ? undefined : view.pods.pods.get(podUid);
  const pod = view.pods.podAt(address) ?? (named?.hostNetwork === true ? named : undefined);
  if (pod !== undefined) return podSpot(pod, address, view);
  const node = [...view.nodes.nodes.values()].find((each) => addressesOfNode(each, view).includes(address));
  return node === undefined
    ? { name: address, place: null, addresses: [address] }
    : nodeSpot(node.name, address, view);
}

function connection(source: Spot, target: Target, view: ClusterView): Connection {
  const { spot, port, via } = target;
  const isSamePlace = source.place !== null && source.place.id === spot.place?.id;
  const address = addressFor(source, spot);
  return {
    source: source.place,
    destination: spot.place,
    dialled: dialled(source, target, address),
    arrives: { address: sourceAddress(source, { spot, address }, view), port },
    isThroughClusterIp: via !== null && via.node === null,
    judgedByNode: judgedByNode(source, target, isSamePlace),
    isLoopback: isSamePlace && (via === null || source.place.kind === 'node'),
    names: { from: source.name, to: spot.name },
  };
}

/** What a node's own processes send is theirs, and nobody else's. */
function judgedByNode({ place }: Spot, { via }: Target, isSamePlace: boolean): Connection['judgedByNode'] {
  if (via === null || (place?.kind === 'node' && (via.node === null || via.node === place.node))) return null;
  if (isSamePlace) return 'hairpin';
  return via.node === null ? null : 'node-port';
}

/** What a node itself sends is translated before the node's own rules see it. */
function dialled({ place }: Spot, { via, port }: Target, address: Address): Connection['dialled'] {
  const isTranslatedFirst = place?.kind === 'node' && (via?.node === null || via?.node === place.node);
  return via === null || isTranslatedFirst ? { address, port } : { address: via.address, port: via.port };
}

/** In no group and no list. */
const NOWHERE = '::';

const isSameFamily = (a: Address, b: Address): boolean => a.includes(':') === b.includes(':');

function addressFor(source: Spot, target: Spot): Address {
  const shared = target.addresses.find((one) => source.addresses.some((other) => isSameFamily(one, other)));
  return shared ?? target.addresses[0] ?? NOWHERE;
}

/** A node speaks to its own Pods from their bridge, to everybody else from the address that Kubernetes knows. */
function sourceAddress(
  { place, addresses }: Spot,
  { spot, address }: { readonly spot: Spot; readonly address: Address },
  view: ClusterView,
): Address {
  const usable = addresses.filter((one) => isSameFamily(one, address));
  const isOwnPod = place?.kind === 'node' && spot.place?.kind === 'pod' && spot.place.node === place.node;
  const bridge = isOwnPod ? new CidrSet(podCidrsOf(place.node, view)) : null;
  return usable.find((one) => bridge?.contains(one) ?? true) ?? usable[0] ?? NOWHERE;
}

const podCidrsOf = (node: string, view: ClusterView): readonly string[] =>
  [...view.nodes.nodes.values()].find(({ name }) => name === node)?.podCidrs ?? [];
