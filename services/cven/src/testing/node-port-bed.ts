/**
 * Two nodes, an outside, a Pod on the second node and a rogue one beside it, as namespaces. As kube-proxy and an overlay do: port 30080 of the first
 * node leads to the Pod and hides the client behind that node (policy Cluster), 30081 of the second leaves it visible
 * (policy Local), 10.96.0.9:80 is the Pod's own Service with the masquerade of a hairpin, and what comes from elsewhere
 * for the Pod network is hidden behind the first node too. As network plugins do, the second hides what the Pod and the rogue
 * send to the first.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { SocketAgent } from './testbed.js';

export const INGRESS_NODE = '10.78.0.1';
export const CLIENTS = ['10.78.0.10', '10.78.0.11'] as const;
export const BETWEEN = { ingress: '10.80.0.1', pods: '10.80.0.2' } as const;
export const POD_SIDE = '10.79.0.1';
export const POD_ADDRESS = '10.79.0.2';
export const POD_NETWORK = '10.79.0.0/24';
export const ROGUE = { node: '10.81.0.1', pod: '10.81.0.2' } as const;
export const POD_PORT = 7001;
export const HIDING_PORT = 30_080;
export const PLAIN_PORT = 30_081;
export const OWN_SERVICE = '10.96.0.9';

export type BedPart = 'outside' | 'ingress' | 'pods' | 'pod' | 'rogue';

export interface NodePortBed {
  path(part: BedPart): string;
  agent(part: BedPart): SocketAgent;
  /** Runs nft in the namespace. */
  nft(part: BedPart, script: string): string;
  close(): Promise<void>;
}

const SERVICES: Readonly<Partial<Record<BedPart, string>>> = {
  ingress: `table ip services {
    chain pre { type nat hook prerouting priority -100; ip daddr ${INGRESS_NODE} tcp dport ${HIDING_PORT} dnat to ${POD_ADDRESS}:${POD_PORT}; }
    chain post { type nat hook postrouting priority 100; ip saddr != ${POD_NETWORK} ip daddr ${POD_NETWORK} masquerade; }
  }`,
  pods: `table ip services {
    chain pre { type nat hook prerouting priority -100; ip daddr ${BETWEEN.pods} tcp dport ${PLAIN_PORT} dnat to ${POD_ADDRESS}:${POD_PORT}; ip daddr ${OWN_SERVICE} tcp dport 80 dnat to ${POD_ADDRESS}:${POD_PORT}; }
    chain post { type nat hook postrouting priority 100; ip saddr ${POD_ADDRESS} ip daddr ${POD_ADDRESS} masquerade; ip saddr { ${POD_ADDRESS}, ${ROGUE.pod} } ip daddr ${BETWEEN.ingress} masquerade; }
  }`,
};

export function openNodePortBed(): NodePortBed {
  const id = randomBytes(3).toString('hex');
  const parts: readonly BedPart[] = ['outside', 'ingress', 'pods', 'pod', 'rogue'];
  const name = (part: BedPart): string => `rf${part}-${id}`;
  const path = (part: BedPart): string => `/run/netns/${name(part)}`;
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  const inside = (part: BedPart, command: readonly string[], input = ''): string =>
    execFileSync('nsenter', [`--net=${path(part)}`, ...command], { encoding: 'utf8', input });
  for (const part of parts) {
    ip('netns', 'add', name(part));
    ip('-n', name(part), 'link', 'set', 'lo', 'up');
  }
  const join = (a: BedPart, b: BedPart, addresses: Record<'a' | 'b', readonly string[]>): void => {
    ip('link', 'add', b, 'netns', name(a), 'type', 'veth', 'peer', 'name', a, 'netns', name(b));
    const up = (part: BedPart, device: string, own: readonly string[]): void => {
      for (const each of own) ip('-n', name(part), 'addr', 'add', `${each}/24`, 'dev', device);
      ip('-n', name(part), 'link', 'set', device, 'up');
    };
    up(a, b, addresses.a);
    up(b, a, addresses.b);
  };
  join('outside', 'ingress', { a: CLIENTS, b: [INGRESS_NODE] });
  join('ingress', 'pods', { a: [BETWEEN.ingress], b: [BETWEEN.pods] });
  join('pods', 'pod', { a: [POD_SIDE], b: [POD_ADDRESS] });
  join('pods', 'rogue', { a: [ROGUE.node], b: [ROGUE.pod] });
  for (const [part, via] of [
    ['outside', INGRESS_NODE],
    ['ingress', BETWEEN.pods],
    ['pods', BETWEEN.ingress],
    ['pod', POD_SIDE],
    ['rogue', ROGUE.node],
  ] as const)
    ip('-n', name(part), 'route', 'add', 'default', 'via', via);
  for (const part of ['ingress', 'pods'] as const) {
    // Where the kernel itself looks at sources, nobody needs to; many networks of clusters have it off.
    const links = [
      'all',
      'default',
      ...(part === 'pods' ? ['ingress', 'pod', 'rogue'] : ['outside', 'pods']),
    ];
    const unfiltered = links.map((link) => `net.ipv4.conf.${link}.rp_filter=0`);
    inside(part, ['sysctl', '-qw', 'net.ipv4.ip_forward=1', ...unfiltered]);
    inside(part, ['nft', '-f', '-'], SERVICES[part]);
  }
  const agents = new Map(parts.map((part) => [part, new SocketAgent(path(part))]));
  return {
    path,
    agent: (part) => agents.get(part)!,
    nft: (part, script) => inside(part, ['nft', '-f', '-'], script),
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
      for (const part of parts) ip('netns', 'del', name(part));
    },
  };
}
