/**
 * A node with one routed Pod and an outside, as namespaces: NodePort 30080 leads to the Pod's port 7001 and hides the
 * client behind the node's address, as `externalTrafficPolicy: Cluster` does; 10.96.0.1:80 is a ClusterIP with an outside
 * backend, and on port 81 (for the node) and 82 (for its Pods) with the node itself behind it.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { SocketAgent } from './testbed.js';

export const NODE_ADDRESS = '10.78.0.1';
export const NODE_POD_SIDE = '10.79.0.1';
export const POD_ADDRESS = '10.79.0.2';
export const OUTSIDE = ['10.78.0.10', '10.78.0.11'] as const;
export const NODE_PORT = 30_080;
export const CLUSTER_IP = '10.96.0.1';

export interface HostBed {
  readonly node: string;
  readonly pod: string;
  readonly world: string;
  readonly inNode: SocketAgent;
  readonly inPod: SocketAgent;
  readonly outside: SocketAgent;
  /** Runs nft in the node's namespace. */
  nft(script: string): void;
  close(): Promise<void>;
}

export function openHostBed(): HostBed {
  const id = randomBytes(3).toString('hex');
  const names = { node: `rfn-${id}`, pod: `rfp-${id}`, out: `rfo-${id}` };
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  for (const name of Object.values(names)) ip('netns', 'add', name);
  ip('link', 'add', 'pod0', 'netns', names.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names.pod);
  ip('link', 'add', 'eth0', 'netns', names.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names.out);
  const up = (name: string, device: string, addresses: readonly string[]): void => {
    for (const address of addresses) ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', device);
    for (const each of ['lo', device]) ip('-n', name, 'link', 'set', each, 'up');
  };
  up(names.node, 'pod0', [NODE_POD_SIDE]);
  up(names.node, 'eth0', [NODE_ADDRESS]);
  up(names.pod, 'eth0', [POD_ADDRESS]);
  up(names.out, 'eth0', OUTSIDE);
  ip('-n', names.pod, 'route', 'add', 'default', 'via', NODE_POD_SIDE);
  ip('-n', names.out, 'route', 'add', 'default', 'via', NODE_ADDRESS);
  const path = (name: string): string => `/run/netns/${name}`;
  const inside = (...command: string[]): string =>
    execFileSync('nsenter', [`--net=${path(names.node)}`, ...command], { encoding: 'utf8' });
  inside('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  inside('ip', 'route', 'add', CLUSTER_IP, 'via', OUTSIDE[0]);
  inside(
    'nft',
    `table ip services {
      chain pre { type nat hook prerouting priority -100; ip daddr ${NODE_ADDRESS} tcp dport ${NODE_PORT} dnat to ${POD_ADDRESS}:7001; ip daddr ${CLUSTER_IP} tcp dport 82 dnat to ${NODE_ADDRESS}:7001; }
      chain out { type nat hook output priority -100; ip daddr ${CLUSTER_IP} tcp dport 80 dnat to ${OUTSIDE[0]}:7001; ip daddr ${CLUSTER_IP} tcp dport 81 dnat to ${NODE_ADDRESS}:7001; }
      chain post { type nat hook postrouting priority 100; ip daddr ${POD_ADDRESS} ct status dnat masquerade; }
    }`,
  );
  const agents = [names.node, names.pod, names.out].map((name) => new SocketAgent(path(name))) as [
    SocketAgent,
    SocketAgent,
    SocketAgent,
  ];
  return {
    node: path(names.node),
    pod: path(names.pod),
    world: path(names.out),
    inNode: agents[0],
    inPod: agents[1],
    outside: agents[2],
    nft: (script) => void inside('nft', script),
    close: async () => {
      await Promise.all(agents.map((agent) => agent.close()));
      for (const name of Object.values(names)) ip('netns', 'del', name);
    },
  };
}
