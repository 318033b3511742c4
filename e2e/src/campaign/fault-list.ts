/** Every fault that a campaign knows, for the stack that it attacks. */
import { cpus } from 'node:os';
import type { Stack } from '@ringfence/up';
import { frozen, helperOf, hogs, killed } from './faults.js';
import type { Fault } from './faults.js';

const SERVICES = [
  ...['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'],
  ...['clas-cache', 'kubelink', 'nats-control', 'nats-cluster', 'postgres'],
];
/** The API server holds its cluster in memory: killed, it would be another cluster. */
const ONLY_FROZEN = ['sandbox'];

/** `only`: words of which a fault's name must contain one; none: all. */
export function faultList({ processes }: Stack, only: readonly string[]): Fault[] {
  const agents = processes.list().filter(({ spec }) => spec.name.startsWith('cven-'));
  const parts = [...SERVICES.map((name) => processes.get(name)), ...agents];
  const all = [
    ...parts.map(killed),
    ...[...parts, ...ONLY_FROZEN.map((name) => processes.get(name))].map(frozen),
    ...agents.map((agent) => helperOf(agent, 'SIGKILL')),
    ...agents.map((agent) => helperOf(agent, 'SIGSTOP')),
    hogs(cpus().length),
  ];
  return only.length === 0
    ? all
    : all.filter(({ name }) => only.some((word) => name.toLowerCase().includes(word)));
}
