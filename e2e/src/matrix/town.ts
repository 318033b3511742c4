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
import { access, apply, pods, readyPods, serviceAddress } from '../world.js';
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
}
export interface Town {
  readonly sources: readonly Source[];
  readonly targets: readonly Target[];
  readonly words: PolicyWords;
  /** Managed, with the name of their namespace. */
  readonly places: readonly { readonly name: string; readonly namespace: string }[];
  readonly nodes: readonly string[];
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
/** One Pod behind each: of two that are judged differently nobody could say which one will answer. */
const SERVICES = [
  { namespace: SHOP, name: 'front', selects: 'db', port: 80, targetPort: 7301 },
  { namespace: SHOP, name: 'data', selects: 'db', port: 7303, targetPort: 7302 },
  { namespace: BANK, name: 'vault', selects: 'vault', port: 81, targetPort: 7301 },
  { namespace: BANK, name: 'counter', selects: 'vault', nodePorts: 'Cluster', port: 82, targetPort: 7302 },
  { namespace: BANK, name: 'hatch', selects: 'vault', nodePorts: 'Local', port: 83, targetPort: 7302 },
  { namespace: FREE, name: 'host', selects: 'host', port: 84, targetPort: HOST_POD_PORT },
  // Called by a port that policies speak of, answered by another of the node itself.
  { namespace: FREE, name: 'inn', selects: 'host', port: 7302, targetPort: HOST_POD_PORT },
] as const;
const roleOf = (name: string): string => `ex-${name}`;

export async function buildTown(): Promise<Town> {
  const own = await Promise.all(DEPLOYMENTS.map(({ name }) => label('role', roleOf(name))));
  const roles = [...own, ...(await rolesOfNodes())];
  const apps = await Promise.all([SHOP, BANK].map((app) => label('app', app)));
  for (const namespace of [SHOP, BANK])
    await managedNamespace(namespace, { app: namespace }, 'visibility_only');
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FREE } } as Manifest);
  await apply(...DEPLOYMENTS.map(manifestOf), ...SERVICES.map(serviceOf));
  for (const { namespace, name, replicas } of DEPLOYMENTS) await readyPods(namespace, name, replicas);
  return survey(roles, apps, await outsideHost());
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

function manifestOf(each: (typeof DEPLOYMENTS)[number]): Manifest {
  const { namespace, name, replicas, probed } = each;
  const hostNetwork = 'isOnHost' in each;
  const container = {
    name,
    image: `example/${name}:1`,
    ports: (hostNetwork ? [] : [7301, 7302]).map((containerPort) => ({ containerPort })),
    readinessProbe: { tcpSocket: { port: probed }, periodSeconds: 1 },
  };
  // A probe of a port that nobody listens on would never succeed: it is one more to listen on.
  if (!container.ports.some(({ containerPort }) => containerPort === probed))
    container.ports.push({ containerPort: probed });
  const podSpec = { hostNetwork, containers: [container] };
  return deployment(namespace, name, { replicas, role: roleOf(name), podSpec });
}

function serviceOf(service: (typeof SERVICES)[number]): Manifest {
  const { namespace, name, selects: app, port, targetPort } = service;
  const exposed =
    'nodePorts' in service ? { type: 'NodePort', externalTrafficPolicy: service.nodePorts } : {};
  const spec = { ...exposed, selector: { app }, ports: [{ port, targetPort }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec } as Manifest;
}

async function survey(roles: readonly string[], apps: readonly string[], host: OutsideHost): Promise<Town> {
  const nodes = await clusterNodes();
  const found = await Promise.all([SHOP, BANK, FREE].map((namespace) => standingPods(namespace, nodes)));
  const all = found.flat();
  const services = await Promise.all(
    SERVICES.map(async ({ namespace, name, port }) => ({
      name: `service:${namespace}/${name}`,
      host: await serviceAddress(namespace, name),
      port,
    })),
  );
  const outside = [
    { name: access.hostAddress, address: access.hostAddress, netns: null },
    { name: host.address, address: host.address, netns: host.netns },
  ];
  const addresses = [...all, ...nodes, ...outside].map(({ address }) => address);
  const ports = [...PORTS, HOST_POD_PORT];
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
      ...services.map(({ name, host: address, port }, i) =>
        clusterIp(tcp(i % 2 === 0 ? name : address, address, port)),
      ),
      ...(await targetsOnNodes(nodes)),
      tcp(access.hostAddress, access.hostAddress, NODE_PORT_UNUSED),
      ...(await clusterDns()),
    ],
    words: { roles, apps, addresses: [...addresses, ...services.map(({ host }) => host)], ports },
    places: all.filter(({ namespace }) => namespace !== FREE),
    nodes: nodes.map(({ name }) => name),
    close: () => host.close(),
  };
}

const tcp = (name: string, host: string, port: number): Target => ({ name, host, port, proto: 6 });

/** One on its node's network has the node's address, and is where the node is. */
async function standingPods(
  namespace: string,
  nodes: readonly ClusterNode[],
): Promise<(Omit<Source, 'isInside' | 'netns'> & { netns: string; namespace: string })[]> {
  return Promise.all(
    (await pods(namespace)).map(async ({ name, address }) => ({
      name: `pod:${namespace}/${name}`,
      address,
      namespace,
      netns:
        nodes.find((node) => node.address === address)?.netns ??
        (await netnsHolding(access.netnsRoot, address)),
    })),
  );
}

async function targetsOnNodes(nodes: readonly ClusterNode[]): Promise<Target[]> {
  const nodePorts = SERVICES.filter((service) => 'nodePorts' in service);
  const ports = await Promise.all(nodePorts.map(({ namespace, name }) => nodePortOf(namespace, name)));
  return nodes.flatMap(({ name, address }) =>
    [NODE_PORT_UNUSED, ...ports].map((port) => tcp(`node:${name}`, address, port)),
  );
}

async function clusterDns(): Promise<Target[]> {
  const dns = await serviceAddress('kube-system', 'kube-dns');
  const byName = tcp('kube-dns.kube-system.svc', dns, 53);
  return [byName, { ...byName, name: dns, proto: 17 } as const].map(clusterIp);
}

const clusterIp = (target: Target): Target => ({ ...target, isClusterIp: true });
