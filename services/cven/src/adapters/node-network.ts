/**
 * What the node itself knows of its surroundings, read off /proc and /etc: the links that lead out of it, its resolvers, and
 * which remote ports its own agents (kubelet, the runtime, the network's agent) talk to. Nothing that others could say by
 * connecting to it: only connections that these processes have opened themselves count.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '@ringfence/policy-engine';
import type { RemotePort } from '../domain/host-essentials.js';
import { connectedTo, dialledBy } from '../domain/socket-table.js';

const AGENTS = new Set([
  'kubelet', 'containerd', 'dockerd', 'crio', 'cri-dockerd', 'k3s', 'k3s-server', 'k3s-agent', 'rke2', 'kube-proxy',
  'kube-apiserver', 'kube-controller', 'kube-scheduler', 'etcd', 'calico-node', 'felix', 'flanneld', 'cilium-agent', 'konnectivity-ag',
]); // prettier-ignore

/** Of the interfaces with a default route. */
export function links(): string[] {
  const names = new Set([
    ...defaultDevices('/proc/self/net/route'),
    ...defaultDevices6('/proc/self/net/ipv6_route'),
  ]);
  const interfaces = networkInterfaces();
  return [...names]
    .flatMap((name) => interfaces[name] ?? [])
    .flatMap(({ cidr, address }) => (cidr === null || /^fe[89ab]/i.test(address) ? [] : [cidr]))
    .sort();
}

const defaultDevices = (path: string): string[] =>
  lines(path).flatMap((line) => {
    const [device, destination] = line.split('\t');
    return destination === '00000000' && device !== undefined ? [device] : [];
  });

const defaultDevices6 = (path: string): string[] =>
  lines(path).flatMap((line) => {
    const [destination, bits, , , , , , , , device] = line.trim().split(/\s+/);
    return /^0{32}$/.test(destination ?? '') && bits === '00' && device !== undefined && device !== 'lo'
      ? [device]
      : [];
  });

/** Loopback ones (a resolver of the node's own) need no rule; those behind it are in systemd's file. */
export function resolvers(): string[] {
  const all = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'].flatMap(lines);
  const named = all.flatMap((line) => canonicalAddress(/^nameserver\s+(\S+)/.exec(line)?.[1] ?? '') ?? []);
  return [...new Set(named)].filter((address) => !isLoopback(address)).sort();
}

/** Best effort: without the right to see other processes there are none. */
export function dialled(): RemotePort[] {
  const inodes = new Set(agentPids().flatMap(socketInodes));
  if (inodes.size === 0) return [];
  return dialledBy(inodes, socketLines()).filter(({ address }) => !isLoopback(address));
}

/** Into the node, to these ports; the node's own addresses are not elsewhere. */
export function connected(ports: ReadonlySet<number>, own: readonly string[]): RemotePort[] {
  return connectedTo(ports, socketLines()).filter(
    ({ address }) => !isLoopback(address) && !own.includes(address),
  );
}

const socketLines = (): string[] =>
  ['/proc/self/net/tcp', '/proc/self/net/tcp6'].flatMap((path) => lines(path).slice(1));

function agentPids(): string[] {
  return readdirOr('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => AGENTS.has(lines(`/proc/${pid}/comm`)[0] ?? ''));
}

function socketInodes(pid: string): string[] {
  return readdirOr(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // It was closed meanwhile.
    }
  });
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

function readdirOr(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
