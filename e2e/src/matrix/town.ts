/**
 * Where the matrix is measured: two managed namespaces and a free one on two nodes, a Pod on its node's network, Services of
 * every kind, the nodes, a host outside, and the machine itself, where the API server is.
 */
import type { Manifest } from '@ringfence/up';
import { deployment, label, managedNamespace, pairedNode, setMode, setNodeMode } from '../application.js';
import type { Mode } from '../application.js';
import { clusterNodes, nodePortOf } from '../nodes.js';
import type { ClusterNode } from '../nodes.js';
import { outsideHost } from '../outside-host.js';
import type { OutsideHost } from '../outside-host.js';
import { netnsHolding } from '../pod-namespaces.js';
import { access, api, apply, eventually, pods, readyPods, serviceAddress } from '../world.js';
import type { Packet } from './burst.js';
import type { PolicyWords } from './random-policy.js';

export const SHOP = 'ex-shop';
export const BANK = 'ex-bank';
export const FREE = 'ex-free';
const PORTS = [7301, 7302, 7303];
const HOST_POD_PORT = 7304;
/** Nobody listens there: an answer is a refusal of the node itself. */
const NODE_PORT_UNUSED = 7399;

export interface Source {
  /** As explain is asked. */
  readonly name: string;
  readonly address: string;
  readonly netns: string | null;
  /** ClusterIPs mean something there. */
  readonly isInside: boolean;
}
export interface Target extends Packet {
  readonly name: string;
  readonly isClusterIp?: boolean;
  readonly isNodePort?: boolean;
  /** Behind a ClusterIP; guarded: nodes let clients in there by their own addresses, too, and judge them for the Pod. */
  readonly answers?: {
    readonly address: string;
    readonly port: number;
    readonly isGuarded: boolean;
  };
}
export interface Town {
  readonly sources: readonly Source[];
  readonly targets: readonly Target[];
  readonly words: Omit<PolicyWords, 'virtualServices'>;
  /** The managed Pods. */
  readonly places: readonly StandingPod[];
  /** Of the managed namespaces, which rules can mean by their labels. */
  readonly services: readonly StandingService[];
  readonly nodes: readonly string[];
  /** Who has the address, as the explorer calls it; undefined: nobody who is managed. */
  workloadAt(address: string): string | undefined;
}
interface StandingPod {
  /** As explain is asked. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly deployment: string;
  readonly address: string;
  readonly node: string;
  readonly netns: string;
}
interface StandingService extends TownService {
  readonly address: string;
  readonly backend: StandingPod;
}
/** It stands until it is closed; its Pods may be others at the next look. */
export interface Grounds {
  survey(): Promise<Town>;
  close(): Promise<void>;
}

const DEPLOYMENTS = [
  { namespace: SHOP, name: 'web', replicas: 2, probed: 7302 },
  { namespace: SHOP, name: 'db', replicas: 1, probed: 7303 },
  { namespace: BANK, name: 'teller', replicas: 2, probed: 7301 },
  { namespace: BANK, name: 'vault', replicas: 1, probed: 7302 },
  { namespace: FREE, name: 'guest', replicas: 1, probed: 7301 },
  { namespace: FREE, name: 'host', replicas: 1, probed: HOST_POD_PORT, isOnHost: true },
] as const;
/**
 * One Pod behind each: of two that are judged differently nobody could say which one will answer. Each has a role of its own, which is
 * not that of its Pod.
 */
const SERVICES: readonly TownService[] = [
  { namespace: SHOP, name: 'front', selects: 'db', role: 'web', ports: [[80, 7301]] },
  { namespace: SHOP, name: 'data', selects: 'db', role: 'vault', ports: [[7303, 7302]] },
  { namespace: BANK, name: 'vault', selects: 'vault', role: 'db', ports: [[81, 7301]] },
  {
    ...{ namespace: BANK, name: 'counter', selects: 'vault', role: 'web', ports: [[82, 7302]] },
    nodePorts: 'Cluster',
  },
  {
    ...{ namespace: BANK, name: 'hatch', selects: 'vault', role: 'teller', ports: [[83, 7302]] },
    nodePorts: 'Local',
  },
  // Two ports, one of them by its name; and one that leads to its Pod by hand.
  {
    ...{ namespace: SHOP, name: 'ledger', selects: 'db', role: 'teller' },
    ports: [
      [85, 7301],
      [7301, 7302],
    ],
    isByName: true,
  },
  {
    ...{ namespace: BANK, name: 'byhand', selects: 'vault', role: 'db', ports: [[87, 7302]] },
    hasNoSelector: true,
  },
  { namespace: FREE, name: 'host', selects: 'host', ports: [[84, HOST_POD_PORT]] },
  // Called by a port that policies speak of, answered by another of the node itself.
  { namespace: FREE, name: 'inn', selects: 'host', ports: [[7302, HOST_POD_PORT]] },
];
interface TownService {
  readonly namespace: string;
  readonly name: string;
  /** A Deployment. */
  readonly selects: string;
  /** That of the Deployment called so. */
  readonly role?: string;
  readonly ports: readonly (readonly [port: number, targetPort: number])[];
  /** It names its target ports. */
  readonly isByName?: true;
  readonly hasNoSelector?: true;
  readonly nodePorts?: 'Cluster' | 'Local';
}
const roleOf = (name: string): string => `ex-${name}`;

export async function buildTown(): Promise<Grounds> {
  const own = await Promise.all(DEPLOYMENTS.map(({ name }) => label('role', roleOf(name))));
  const roles = [...own, ...(await rolesOfNodes())];
  const apps = await Promise.all([SHOP, BANK].map((app) => label('app', app)));
  for (const namespace of [SHOP, BANK])
    await managedNamespace(namespace, { app: namespace }, 'visibility_only');
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FREE } } as Manifest);
  await apply(...DEPLOYMENTS.map(manifestOf), ...SERVICES.map(serviceOf));
  for (const { namespace, name, replicas } of DEPLOYMENTS) await readyPods(namespace, name, replicas);
  for (const service of SERVICES.filter(({ hasNoSelector }) => hasNoSelector))
    await apply(await endpointsOf(service));
  const host = await outsideHost();
  return { survey: () => survey(roles, apps, host), close: () => host.close() };
}

async function rolesOfNodes(): Promise<string[]> {
  const nodes = await Promise.all((await clusterNodes()).map(({ name }) => pairedNode(name)));
  return [...new Set(nodes.flatMap(({ labels }) => labels.map(({ href }) => href)))];
}

export async function setModes(
  namespaces: Readonly<Record<string, Mode>>,
  nodes: Readonly<Record<string, Mode>>,
): Promise<void> {
  for (const [namespace, mode] of Object.entries(namespaces)) await setMode(namespace, mode);
  for (const [node, mode] of Object.entries(nodes)) await setNodeMode(node, mode);
}

function manifestOf(each: (typeof DEPLOYMENTS)[number] & { readonly role?: string }): Manifest {
  const { namespace, name, replicas, probed } = each;
  const hostNetwork = 'isOnHost' in each;
  const container = {
    name,
    image: `example/${name}:1`,
    ports: (hostNetwork ? [] : [7301, 7302]).map(namedPort),
    readinessProbe: { tcpSocket: { port: probed }, periodSeconds: 1 },
  };
  // A probe of a port that nobody listens on would never succeed: it is one more to listen on.
  if (!container.ports.some(({ containerPort }) => containerPort === probed))
    container.ports.push(namedPort(probed));
  const podSpec = { hostNetwork, containers: [container] };
  return deployment(namespace, name, { replicas, role: each.role ?? roleOf(name), podSpec });
}

const namedPort = (containerPort: number) => ({ containerPort, name: nameOf(containerPort) });
const nameOf = (port: number): string => `p${port}`;

function serviceOf(service: TownService): Manifest {
  const { namespace, name, selects: app, ports, isByName, hasNoSelector, nodePorts, role } = service;
  const exposed = nodePorts === undefined ? {} : { type: 'NodePort', externalTrafficPolicy: nodePorts };
  const spec = {
    ...exposed,
    ...(hasNoSelector ? {} : { selector: { app } }),
    ports: ports.map(([port, target]) => {
      return { name: nameOf(port), port, targetPort: isByName ? nameOf(target) : target };
    }),
  };
  const annotations = role === undefined ? {} : { 'com.illumio.role': roleOf(role) };
  const metadata = { name, namespace, annotations };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as Manifest;
}

/** Of a Service that leads to its Pod by hand. */
async function endpointsOf({ namespace, name, selects, ports }: TownService): Promise<Manifest> {
  const [pod] = await readyPods(namespace, selects);
  const subsets = ports.map(([port, target]) => ({
    addresses: [{ ip: pod!.address }],
    ports: [{ name: nameOf(port), port: target }],
  }));
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace },
    subsets,
  } as unknown as Manifest;
}

async function survey(roles: readonly string[], apps: readonly string[], host: OutsideHost): Promise<Town> {
  const nodes = await clusterNodes();
  const found = await Promise.all([SHOP, BANK, FREE].map((namespace) => standingPods(namespace, nodes)));
  const all = found.flat();
  const services = await standingServices(all);
  const outside = [
    { name: access.hostAddress, address: access.hostAddress, netns: null },
    { name: host.address, address: host.address, netns: host.netns },
  ];
  const addresses = [...all, ...nodes, ...outside].map(({ address }) => address);
  const ports = [...PORTS, HOST_POD_PORT];
  const places = all.filter(({ namespace }) => namespace !== FREE);
  const managed = new Map([
    ...places.map(({ address, namespace, deployment: name }) => [address, `${namespace}/${name}`] as const),
    ...nodes.map(({ address, name }) => [address, name] as const),
  ]);
  return {
    sources: [
      ...[...all, ...nodes.map((node) => ({ ...node, name: `node:${node.name}` }))].map(
        ({ name, address, netns }) => ({ name, address, netns, isInside: true }),
      ),
      ...outside.map((each) => ({ ...each, isInside: false })),
    ],
    targets: [
      ...all.flatMap(({ name, address }, i) =>
        ports.map((port) => tcp(i % 2 === 0 ? name : address, address, port)),
      ),
      ...services.flatMap(({ namespace, name, address, ports: own, backend }, i) =>
        own.map(([port, target]) => ({
          ...clusterIp(tcp(i % 2 === 0 ? `service:${namespace}/${name}` : address, address, port)),
          answers: { address: backend.address, port: target, isGuarded: isGuarded(backend, target) },
        })),
      ),
      ...(await targetsOnNodes(nodes)),
      tcp(access.hostAddress, access.hostAddress, NODE_PORT_UNUSED),
      ...(await clusterDns()),
    ],
    words: {
      roles,
      apps,
      workloads: await workloadHrefs(nodes),
      addresses: [...addresses, ...services.map(({ address }) => address)],
      ports,
    },
    places,
    services: services.filter(({ namespace, nodePorts }) => namespace !== FREE && nodePorts === undefined),
    nodes: nodes.map(({ name }) => name),
    workloadAt: (address) => managed.get(address),
  };
}

const standingServices = (all: readonly StandingPod[]): Promise<StandingService[]> =>
  Promise.all(
    SERVICES.map(async (service) => ({
      ...service,
      address: await serviceAddress(service.namespace, service.name),
      backend: all.find((each) => each.deployment === service.selects)!,
    })),
  );

/** Nodes let clients in there by their own addresses, too. */
const isGuarded = ({ deployment: selects }: StandingPod, port: number): boolean =>
  SERVICES.some(
    (each) =>
      each.nodePorts !== undefined &&
      each.selects === selects &&
      each.ports.some(([, target]) => target === port),
  );

const tcp = (name: string, host: string, port: number): Target => ({ name, host, port, proto: 6 });

/** One on its node's network has the node's address, and is where the node is. */
async function standingPods(namespace: string, nodes: readonly ClusterNode[]): Promise<StandingPod[]> {
  return Promise.all(
    (await pods(namespace)).map(async ({ name, address, node }) => ({
      name: `pod:${namespace}/${name}`,
      namespace,
      pod: name,
      deployment: DEPLOYMENTS.find((each) => name.startsWith(`${each.name}-`))!.name,
      address,
      node,
      netns:
        nodes.find((each) => each.address === address)?.netns ??
        (await netnsHolding(access.netnsRoot, address)),
    })),
  );
}

/** Those that policy may name: Deployments of managed namespaces, and nodes. */
async function workloadHrefs(nodes: readonly ClusterNode[]): Promise<string[]> {
  const wanted = DEPLOYMENTS.filter(({ namespace }) => namespace !== FREE);
  const found = await api.get<{ href: string; name: string; namespace: string }[]>(
    '/kubernetes_workloads?kind=Deployment&max_results=100000',
  );
  const deployments = wanted.map(({ namespace, name }) => {
    return found.find((one) => one.namespace === namespace && one.name === name)!.href;
  });
  const paired = await Promise.all(nodes.map(({ name }) => pairedNode(name)));
  return [...deployments, ...paired.map(({ href }) => href)];
}

/** Its Pods are others afterwards. Gives the label that they will have, as explain names it. */
export async function relabelPods(namespace: string, name: string, role: string): Promise<string> {
  const before = new Set((await pods(namespace, `app=${name}`)).map((pod) => pod.name));
  const [found] = DEPLOYMENTS.filter((each) => each.namespace === namespace && each.name === name);
  await apply(manifestOf({ ...found!, role: roleOf(role) }));
  await eventually(
    `new Pods of ${namespace}/${name}`,
    async () => {
      const now = await pods(namespace, `app=${name}`);
      return now.length === found!.replicas && now.every((pod) => pod.ready && !before.has(pod.name));
    },
    90_000,
  );
  return `role=${roleOf(role)}`;
}

async function targetsOnNodes(nodes: readonly ClusterNode[]): Promise<Target[]> {
  const nodePorts = SERVICES.filter((service) => service.nodePorts !== undefined);
  const ports = await Promise.all(nodePorts.map(({ namespace, name }) => nodePortOf(namespace, name)));
  return nodes.flatMap(({ name, address }) =>
    [NODE_PORT_UNUSED, ...ports].map((port) => ({
      ...tcp(`node:${name}`, address, port),
      isNodePort: port !== NODE_PORT_UNUSED,
    })),
  );
}

async function clusterDns(): Promise<Target[]> {
  const dns = await serviceAddress('kube-system', 'kube-dns');
  const byName = tcp('kube-dns.kube-system.svc', dns, 53);
  return [byName, { ...byName, name: dns, proto: 17 } as const].map(clusterIp);
}

const clusterIp = (target: Target): Target => ({ ...target, isClusterIp: true });
