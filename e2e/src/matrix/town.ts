/** Where the matrix is measured: two managed namespaces and a free one on two nodes, Services, the nodes, the machine outside. */
import type { Manifest } from '@ringfence/up';
import { deployment, label, managedNamespace, setMode } from '../application.js';
import type { Mode } from '../application.js';
import { clusterNodes, nodePortOf } from '../nodes.js';
import { netnsHolding } from '../pod-namespaces.js';
import { access, apply, pods, readyPods, serviceAddress } from '../world.js';
import type { Packet } from './burst.js';
import type { PolicyWords } from './random-policy.js';

export const SHOP = 'ex-shop';
export const BANK = 'ex-bank';
export const FREE = 'ex-free';
const PORTS = [7301, 7302, 7303];
/** Nobody listens there: an answer is a refusal of the node itself. */
const NODE_PORT_UNUSED = 7399;

export interface Source {
  /** As explain is asked. */
  readonly name: string;
  readonly address: string;
  readonly netns: string | null;
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
}

const DEPLOYMENTS = [
  { namespace: SHOP, name: 'web', replicas: 2, probed: 7302 },
  { namespace: SHOP, name: 'db', replicas: 1, probed: 7303 },
  { namespace: BANK, name: 'teller', replicas: 2, probed: 7301 },
  { namespace: BANK, name: 'vault', replicas: 1, probed: 7302 },
  { namespace: FREE, name: 'guest', replicas: 1, probed: 7301 },
] as const;
/** One Pod behind each: of two that are judged differently nobody could say which one will answer. */
const SERVICES = [
  { namespace: SHOP, name: 'front', selects: 'db', port: 80, targetPort: 7301 },
  { namespace: SHOP, name: 'data', selects: 'db', port: 7303, targetPort: 7302 },
  { namespace: BANK, name: 'vault', selects: 'vault', port: 81, targetPort: 7301 },
  { namespace: BANK, name: 'counter', selects: 'vault', type: 'NodePort', port: 82, targetPort: 7302 },
] as const;
const roleOf = (name: string): string => `ex-${name}`;

export async function buildTown(): Promise<Town> {
  const roles = await Promise.all(DEPLOYMENTS.map(({ name }) => label('role', roleOf(name))));
  const apps = await Promise.all([SHOP, BANK].map((app) => label('app', app)));
  for (const namespace of [SHOP, BANK])
    await managedNamespace(namespace, { app: namespace }, 'visibility_only');
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FREE } } as Manifest);
  await apply(...DEPLOYMENTS.map(manifestOf), ...SERVICES.map(serviceOf));
  for (const { namespace, name, replicas } of DEPLOYMENTS) await readyPods(namespace, name, replicas);
  return survey(roles, apps);
}

export async function setModes(modes: Readonly<Record<string, Mode>>): Promise<void> {
  for (const [namespace, mode] of Object.entries(modes)) await setMode(namespace, mode);
}

function manifestOf({ namespace, name, replicas, probed }: (typeof DEPLOYMENTS)[number]): Manifest {
  const container = {
    name,
    image: `example/${name}:1`,
    ports: [7301, 7302].map((containerPort) => ({ containerPort })),
    readinessProbe: { tcpSocket: { port: probed }, periodSeconds: 1 },
  };
  // A probe of a port that nobody listens on would never succeed: it is one more to listen on.
  if (!container.ports.some(({ containerPort }) => containerPort === probed))
    container.ports.push({ containerPort: probed });
  return deployment(namespace, name, { replicas, role: roleOf(name), podSpec: { containers: [container] } });
}

function serviceOf(service: (typeof SERVICES)[number]): Manifest {
  const { namespace, name, selects: app, port, targetPort } = service;
  const type = 'type' in service ? service.type : 'ClusterIP';
  const spec = { type, selector: { app }, ports: [{ port, targetPort }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec } as Manifest;
}

async function survey(roles: readonly string[], apps: readonly string[]): Promise<Town> {
  const found = await Promise.all(
    [SHOP, BANK, FREE].map(async (namespace) =>
      (await pods(namespace)).map(({ name, address }) => ({
        name: `pod:${namespace}/${name}`,
        address,
        namespace,
      })),
    ),
  );
  const all = found.flat();
  const nodes = await clusterNodes();
  const services = await Promise.all(
    SERVICES.map(async ({ namespace, name, port }) => ({
      name: `service:${namespace}/${name}`,
      host: await serviceAddress(namespace, name),
      port,
    })),
  );
  const nodePort = await nodePortOf(BANK, 'counter');
  const dns = await serviceAddress('kube-system', 'kube-dns');
  const tcp = (name: string, host: string, port: number): Target => ({ name, host, port, proto: 6 });
  const outside = { name: access.hostAddress, address: access.hostAddress, netns: null };
  const addresses = [...all, ...nodes, outside].map(({ address }) => address);
  return {
    sources: [
      ...(await Promise.all(
        all.map(async ({ name, address }) => ({
          name,
          address,
          netns: await netnsHolding(access.netnsRoot, address),
        })),
      )),
      ...nodes.map(({ name, address, netns }) => ({ name: `node:${name}`, address, netns })),
      outside,
    ],
    targets: [
      ...all.flatMap(({ name, address }, i) =>
        PORTS.map((port) => tcp(i % 2 === 0 ? name : address, address, port)),
      ),
      ...services.map(({ name, host, port }, i) => clusterIp(tcp(i % 2 === 0 ? name : host, host, port))),
      ...nodes.flatMap(({ name, address }) =>
        [NODE_PORT_UNUSED, nodePort].map((port) => tcp(`node:${name}`, address, port)),
      ),
      tcp(access.hostAddress, access.hostAddress, NODE_PORT_UNUSED),
      clusterIp(tcp('kube-dns.kube-system.svc', dns, 53)),
      clusterIp({ name: dns, host: dns, port: 53, proto: 17 }),
    ],
    words: { roles, apps, addresses: [...addresses, ...services.map(({ host }) => host)], ports: PORTS },
    places: all.filter(({ namespace }) => namespace !== FREE),
    nodes: nodes.map(({ name }) => name),
  };
}

const clusterIp = (target: Target): Target => ({ ...target, isClusterIp: true });
