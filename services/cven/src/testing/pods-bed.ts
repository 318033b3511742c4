/**
 * A node with three Pods and another node beside it, as namespaces. The Pods are routed (a host route each, as Calico and kindnet have
 * it) or ports of one bridge. No rule of ours; reverse path filters are off, as most network plugins leave them.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { SocketAgent } from './testbed.js';
import { frame } from './frames.js';

export const POD_PARTS = ['web', 'db', 'late'] as const;
export type PodPart = (typeof POD_PARTS)[number];
export type PodsPart = 'node' | 'other' | PodPart;
export const OTHER_NODE = '10.82.0.2';
/** Of both nodes on the link between them. */
export const LINK_6 = { own: 'fd82::1', other: 'fd82::2' } as const;
export const NODE = { 4: '10.82.0.1', 6: 'fd83::1' } as const;
export const addressOf = (pod: PodPart, family: 4 | 6 = 4): string => {
  const n = POD_PARTS.indexOf(pod) + 11;
  return family === 4 ? `10.83.0.${n}` : `fd83::${n}`;
};
const GATEWAY = '10.83.0.1';

export interface PodsBed {
  path(part: PodsPart): string;
  nft(part: PodsPart, script: string): string;
  ip(part: PodsPart, ...args: string[]): string;
  /** Past every rule of the sender's own namespace; through `device`. */
  send(
    part: PodsPart,
    packet: Buffer,
    options?: { tags?: readonly string[]; device?: string },
  ): Promise<void>;
  close(): Promise<void>;
}

export function openPodsBed(kind: 'routed' | 'bridged'): PodsBed {
  const id = randomBytes(3).toString('hex');
  const parts: readonly PodsPart[] = ['node', 'other', ...POD_PARTS];
  const name = (part: PodsPart): string => `rfs${part}-${id}`;
  const path = (part: PodsPart): string => `/run/netns/${name(part)}`;
  const run = (part: PodsPart, command: readonly string[], input = ''): string =>
    execFileSync('nsenter', [`--net=${path(part)}`, ...command], { encoding: 'utf8', input });
  const ip = (part: PodsPart, ...args: string[]): string => run(part, ['ip', ...args]);
  for (const part of parts) {
    execFileSync('ip', ['netns', 'add', name(part)]);
    ip(part, 'link', 'set', 'lo', 'up');
    run(part, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']);
  }
  run('node', ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  connectOther({ name, ip });
  if (kind === 'bridged') addBridge(ip);
  for (const pod of POD_PARTS) connectPod(kind, pod, { name, ip });
  const agents = new Map(parts.map((part) => [part, new SocketAgent(path(part))]));
  const macs = new Map<string, string>();
  const mac = (part: PodsPart, device: string): string => {
    const key = `${part} ${device}`;
    const known = macs.get(key) ?? /link\/ether (\S+)/.exec(ip(part, 'link', 'show', device))?.[1] ?? '';
    macs.set(key, known);
    return known.replaceAll(':', '');
  };
  /** On a bridge straight to the other Pod, everywhere else to the node. */
  const next = (part: PodsPart): string => {
    if (part === 'other') return mac('node', 'eth0');
    return kind === 'bridged' ? mac('db', 'eth0') : mac('node', part);
  };
  return {
    path,
    ip,
    nft: (part, script) => run(part, ['nft', '-f', '-'], script),
    send: async (part, packet, { tags = [], device = 'eth0' } = {}) => {
      const hex = frame({ to: next(part), from: mac(part, device) }, packet, tags);
      await agents.get(part)?.run('frame', { device, hex });
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
      for (const part of parts) execFileSync('ip', ['netns', 'del', name(part)]);
    },
  };
}

interface Namespaces {
  readonly name: (part: PodsPart) => string;
  readonly ip: (part: PodsPart, ...args: string[]) => string;
}

function connectOther({ name, ip }: Namespaces): void {
  ip('node', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name('other'));
  ip('node', 'addr', 'add', `${NODE[4]}/24`, 'dev', 'eth0');
  ip('other', 'addr', 'add', `${OTHER_NODE}/24`, 'dev', 'eth0');
  ip('node', 'addr', 'add', `${LINK_6.own}/64`, 'dev', 'eth0', 'nodad');
  ip('other', 'addr', 'add', `${LINK_6.other}/64`, 'dev', 'eth0', 'nodad');
  for (const part of ['node', 'other'] as const) ip(part, 'link', 'set', 'eth0', 'up');
  const mac = /link\/ether (\S+)/.exec(ip('other', 'link', 'show', 'eth0'))?.[1] ?? '';
  ip('node', 'neigh', 'add', LINK_6.other, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent');
  ip('other', 'route', 'add', '10.83.0.0/24', 'via', NODE[4]);
}

function addBridge(ip: Namespaces['ip']): void {
  ip('node', 'link', 'add', 'br0', 'type', 'bridge');
  ip('node', 'addr', 'add', `${GATEWAY}/24`, 'dev', 'br0');
  ip('node', 'addr', 'add', `${NODE[6]}/64`, 'dev', 'br0', 'nodad');
  ip('node', 'link', 'set', 'br0', 'up');
}

function connectPod(kind: 'routed' | 'bridged', pod: PodPart, { name, ip }: Namespaces): void {
  ip('node', 'link', 'add', pod, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name(pod));
  if (kind === 'bridged') ip('node', 'link', 'set', pod, 'master', 'br0');
  ip('node', 'link', 'set', pod, 'up');
  const bits = kind === 'bridged' ? [24, 64] : [32, 128];
  ip(pod, 'addr', 'add', `${addressOf(pod)}/${bits[0]}`, 'dev', 'eth0');
  ip(pod, 'addr', 'add', `${addressOf(pod, 6)}/${bits[1]}`, 'dev', 'eth0', 'nodad');
  ip(pod, 'link', 'set', 'eth0', 'up');
  if (kind === 'bridged') return;
  const mac = /link\/ether (\S+)/.exec(ip(pod, 'link', 'show', 'eth0'))?.[1] ?? '';
  for (const family of [4, 6] as const) {
    const [to, version] = [addressOf(pod, family), `-${family}`];
    ip('node', version, 'route', 'add', to, 'dev', pod);
    ip('node', version, 'neigh', 'add', to, 'lladdr', mac, 'dev', pod, 'nud', 'permanent');
  }
}
