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

export async function buildTown(): Promise<Grounds> {
  const own = await Promise.all(DEPLOYMENTS.map(({ name }) => label('role', roleOf(name))));
  const roles = [...own, ...(await rolesOfNodes())];
  const apps = await Promise.all([SHOP, BANK].map((app) => label('app', app)));
  for (const namespace of [SHOP, BANK])
    await managedNamespace(namespace, { app: namespace }, 'visibility_only');
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FREE } } as Manifest);
  await apply(...DEPLOYMENTS.map(manifestOf), ...SERVICES.map(serviceOf));
  for (const { namespace, name, replicas } of DEPLOYMENTS) await readyPods(namespace, name, replicas);
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
    ports: (hostNetwork ? [] : [7301, 7302]).map((containerPort) => ({ containerPort })),
    readinessProbe: { tcpSocket: { port: probed }, periodSeconds: 1 },
  };
  // A probe of a port that nobody listens on would never succeed: it is one more to listen on.
  if (!container.ports.some(({ containerPort }) => containerPort === probed))
    container.ports.push({ containerPort: probed });
  const podSpec = { hostNetwork, containers: [container] };
  return deployment(namespace, name, { replicas, role: each.role ?? roleOf(name), podSpec });
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
    SERVICES.map(async ({ namespace, name, selects, port, targetPort }) => ({
      name: `service:${namespace}/${name}`,
      host: await serviceAddress(namespace, name),
      port,
      answers: {
        address: all.find((each) => each.deployment === selects)!.address,
        port: targetPort,
        isGuarded: SERVICES.some(
          (each) => 'nodePorts' in each && each.selects === selects && each.targetPort === targetPort,
        ),
      },
    })),
  );
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
      ...services.map(({ name, host: address, port, answers }, i) => ({
        ...clusterIp(tcp(i % 2 === 0 ? name : address, address, port)),
        answers,
      })),
      ...(await targetsOnNodes(nodes)),
      tcp(access.hostAddress, access.hostAddress, NODE_PORT_UNUSED),
      ...(await clusterDns()),
    ],
    words: {
      roles,
      apps,
      workloads: await workloadHrefs(nodes),
      addresses: [...addresses, ...services.map(({ host }) => host)],
      ports,
    },
    places,
    nodes: nodes.map(({ name }) => name),
    workloadAt: (address) => managed.get(address),
  };
}

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
  const nodePorts = SERVICES.filter((service) => 'nodePorts' in service);
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
