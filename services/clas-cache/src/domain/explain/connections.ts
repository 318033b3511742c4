/**
 * Two ends → the packets that would go between them, and as what each kernel on the way sees them:
 *
 *   Pod ─(ClusterIP, service port)─▶ node: translated ─(Pod's address, target port)─▶ Pod     its source is unchanged
 *   node ─(translated before its own rules)─▶ Pod                                             source: an address of the node
 *   Pod ─▶ ClusterIP ─▶ the same Pod                                                          source: its node's address
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
  /** Through a ClusterIP. */
  readonly isTranslated: boolean;
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
  /** The ClusterIP and its port, where it goes through one. */
  readonly via: { readonly address: Address; readonly port: number } | null;
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
  const targets =
    to.kind === 'service'
      ? behind(to, { proto, port }, view)
      : spots(to, view).map((spot) => ({ spot, port, via: null }));
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

/** A port that the Service does not have is translated to nothing: only the source's own rules speak about it. */
function behind(
  { service, address, name }: Extract<End, { kind: 'service' }>,
  { proto, port }: { readonly proto: number; readonly port: number },
  view: ClusterView,
): Target[] {
  const portIndex = service.ports.findIndex((each) => each.proto === proto && each.port === port);
  const backends = service.backends.filter((backend) => backend.portIndex === portIndex);
  const via = { address, port };
  if (backends.length === 0) return [{ spot: { name, place: null, addresses: [address] }, port, via }];
  return backends.map((backend) => ({ spot: spotAt(backend, view), port: backend.targetPort, via }));
}

function spotAt(
  { podUid, address }: { readonly podUid: string | null; readonly address: Address },
  view: ClusterView,
): Spot {
  const pod = podUid === null ? view.pods.podAt(address) : view.pods.pods.get(podUid);
  if (pod !== undefined) return podSpot(pod, address, view);
  const node = [...view.nodes.nodes.values()].find((each) => addressesOfNode(each, view).includes(address));
  return node === undefined
    ? { name: address, place: null, addresses: [address] }
    : nodeSpot(node.name, address, view);
}

function connection(source: Spot, target: Target, view: ClusterView): Connection {
  const { spot, port, via } = target;
  const isSamePlace = source.place !== null && source.place.id === spot.place?.id;
  const isHairpin = isSamePlace && via !== null && source.place.kind === 'pod';
  // Answered directly, a Pod would see itself where it called a Service, so its node steps in between.
  const leaves = isHairpin ? nodeSpot(source.place.node ?? '', null, view) : source;
  const address = addressFor(source, spot);
  return {
    source: source.place,
    destination: spot.place,
    dialled: dialled(source, target, address),
    arrives: { address: sourceAddress(leaves, { spot, address }, view), port },
    isTranslated: via !== null,
    isLoopback: isSamePlace && !isHairpin,
    names: { from: source.name, to: spot.name },
  };
}

/** What a node itself sends is translated before the node's own rules see it. */
function dialled({ place }: Spot, { via, port }: Target, address: Address): Connection['dialled'] {
  return via === null || place?.kind === 'node' ? { address, port } : via;
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
