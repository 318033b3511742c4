/** Every fault that a campaign knows, for the stack that it attacks. */
import { cpus } from 'node:os';
import type { Stack } from '@ringfence/up';
import { frozen, helperOf, hogs, killed } from './faults.js';
import type { Fault } from './faults.js';
import { hostileCluster } from './hostile-cluster.js';
import { hostileNode } from './hostile-node.js';
import type { PodBook } from './pod-book.js';
import { SHOP } from './town.js';

const SERVICES = [
  ...['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'],
  ...['clas-cache', 'kubelink', 'nats-control', 'nats-cluster', 'postgres'],
];
/** The API server holds its cluster in memory: killed, it would be another cluster. */
const ONLY_FROZEN = ['sandbox'];

export interface Attacked {
  readonly stack: Stack;
  readonly running: Awaited<ReturnType<Stack['start']>>;
  readonly pods: PodBook;
  readonly dataDirectory: string;
}

/** `only`: words of which a fault's name must contain one; none: all. */
export function faultList(attacked: Attacked, only: readonly string[]): Fault[] {
  const all = [...faultsOfProcesses(attacked.stack), ...misusedCredentials(attacked), hogs(cpus().length)];
  return only.length === 0
    ? all
    : all.filter(({ name }) => only.some((word) => name.toLowerCase().includes(word)));
}

function faultsOfProcesses({ processes }: Stack): Fault[] {
  const agents = processes.list().filter(({ spec }) => spec.name.startsWith('cven-'));
  const parts = [...SERVICES.map((name) => processes.get(name)), ...agents];
  return [
    ...parts.map(killed),
    ...[...parts, ...ONLY_FROZEN.map((name) => processes.get(name))].map(frozen),
    ...agents.map((agent) => helperOf(agent, 'SIGKILL')),
    ...agents.map((agent) => helperOf(agent, 'SIGSTOP')),
  ];
}

/** The first node against the second. */
function misusedCredentials({ running, pods, dataDirectory }: Attacked): Fault[] {
  const { api, access, clusterId: cluster, sandbox } = running;
  const [node = '', victim = ''] = sandbox.nodes.map(({ name }) => name);
  const pod = () =>
    pods.living(SHOP).find((one) => one.node === victim && one.name.startsWith('shop-client'));
  return [
    hostileNode({ cluster, node, victim, pod, dataDirectory }),
    hostileCluster({ api, gatewayUrl: access.url, victim: cluster, node: victim }),
  ];
}
