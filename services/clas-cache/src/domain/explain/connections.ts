/**
 * Two ends → the packets that would go between them, and as what each kernel on the way sees them:
 *
 *   Pod ─(ClusterIP, service port)─▶ node: translated ─(Pod's address, target port)─▶ Pod     its source is unchanged
 *   node ─(translated before its own rules)─▶ Pod                     source: as its routes choose towards what it dialled
 *   Pod ─▶ ClusterIP ─▶ the same Pod                                       its node passes it, whatever the policy
 *   anybody ─▶ node: NodePort, translated ─▶ Pod                            the node judges its real source for the Pod
 *   who is not of the cluster ─▶ node: NodePort, policy Local ─▶ Pod of this very node, or nobody
 */
import type { Address } from '@ringfence/contracts';
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
  /** Why nobody ever gets it, whatever policy says. */
  readonly dropped: string | null;
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
  readonly via: Via | null;
  readonly dropped?: string;
}
/** What is dialled instead, where it is translated. */
interface Via {
  readonly address: Address;
  readonly port: number;
  /** Whose NodePort it is. */
  readonly node: string | null;
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
  const pairs = sources.flatMap((source) =>
    targetsOf(to, { proto, port }, { view, source }).map((target) => ({ source, target })),
  );
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

interface Seen {
  readonly view: ClusterView;
  readonly source: Spot;
}

function targetsOf(to: End, { proto, port }: ProtoAndPort, { view, source }: Seen): Target[] {
  if (to.kind === 'service') return behind(to, { proto, port }, view);
  const found = spots(to, view);
  const nodePort = to.kind === 'node' ? throughNodePort(to.name, { proto, port }, { view, source }) : [];
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

function throughNodePort(node: string, { proto, port }: ProtoAndPort, { view, source }: Seen): Target[] {
  const via = { address: nodeSpot(node, null, view).addresses[0] ?? NOWHERE, port, node };
  return [...view.services.values()].flatMap((service) => {
    const portIndex = service.ports.findIndex((each) => each.proto === proto && each.nodePort === port);
    const backends = service.backends.filter((backend) => backend.portIndex === portIndex);
    const targets = backends.map((backend) => ({
      spot: spotAt(backend, view),
      port: backend.targetPort,
      via,
    }));
    const isLocal = service.externalTrafficPolicy === 'Local' && !isInside(source, node);
    if (!isLocal || targets.length === 0) return targets;
    const own = targets.filter(({ spot }) => spot.place?.node === node);
    const dropped = `${node} has no Pod of ${nameOf(service)}, and hands nobody on to another node (externalTrafficPolicy Local)`;
    const nowhere = { name: nameOf(service), place: null, addresses: [via.address] };
    return own.length > 0 ? own : [{ spot: nowhere, port, via, dropped }];
  });
}

/** As service proxies see it: Pods, and the node's own processes. */
const isInside = ({ place }: Spot, node: string): boolean => place?.kind === 'pod' || place?.node === node;

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
  const { spot, port, via, dropped = null } = target;
  const isSamePlace = source.place !== null && source.place.id === spot.place?.id;
  const address = addressFor(source, spot);
  return {
    source: source.place,
    destination: spot.place,
    dialled: dialled(source, target, address),
    arrives: { address: sourceAddress(source, target, address, view), port },
    isThroughClusterIp: via !== null && via.node === null,
    judgedByNode: judgedByNode(source, target, isSamePlace),
    isLoopback: isSamePlace && (via === null || source.place.kind === 'node'),
    dropped,
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

/**
 * A node takes the address that its routes choose towards what it dials, and keeps it when that is translated; but what it
 * sends to a NodePort of its own is hidden behind the address of the way to the Pod.
 */
function sourceAddress(
  { place, addresses }: Spot,
  { via }: Target,
  address: Address,
  view: ClusterView,
): Address {
  const usable = addresses.filter((one) => isSameFamily(one, address));
  const towards = via === null || (place !== null && via.node === place.node) ? address : via.address;
  const chosen = place?.kind === 'node' ? view.nodes.sourceTowards(place.node, towards) : undefined;
  return usable.find((one) => one === chosen) ?? usable[0] ?? NOWHERE;
}
