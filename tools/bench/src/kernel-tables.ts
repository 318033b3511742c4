/** What a Pod's packets are judged by in `kernel.ts`: ours, and what others would write. All let the same packets in. */
import type { Unit, WireRule } from '@ringfence/contracts';
import { buildModel, changedPeerSet, peerSet, renderTable } from '@ringfence/firewall';
import type { FirewallModel, PeerSet } from '@ringfence/firewall';
import { CLIENT_PORT, MAC, POD, PORT } from './kernel-bed.js';

const GROUPS = 1_000;
const MEMBERS = 64;
const UDP = 17;
const JUDGING = ['g-nodes', 'own-host'];

/** The group that a number stands for. */
const group = (n: number): string => `g-${String(n).padStart(20, '0')}`;
const member = (n: number): string => `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
const members = (n: number): string[] => Array.from({ length: MEMBERS }, (_, i) => member(n * MEMBERS + i));
const numbers = Array.from({ length: GROUPS }, (_, n) => n);

/** Whoever is let in. */
export function addresses(): string[] {
  return numbers.flatMap(members);
}

export function tables(): ReadonlyMap<string, string> {
  return new Map([
    ['conntrack and accept', base('ct state new,established accept')],
    ['bare nft: established, then address . port in one set', bare()],
    ['linear chain of 1,000 rules, the last one lets in', linear()],
    ['ours, 1 rule', renderTable(model([rule([EVERYBODY], PORT)], groups()))],
    ['ours, 1,000 rules with a port and a group each', renderTable(model(ruleEach(), groups()))],
    ['ours, 1,000 groups on one port', renderTable(thousandGroups())],
  ]);
}

export function thousandGroups(): FirewallModel {
  return model([rule(numbers, PORT)], groups());
}

/** As the agent makes it: all but the groups of that address are the very same. */
export function withoutAddress(from: FirewallModel, address: string): FirewallModel {
  const change = { added: [], removed: [address] };
  const peers = [...from.peers].map(([id, set]): [string, PeerSet] => [
    id,
    set.hosts4.has(address) ? changedPeerSet(set, change) : set,
  ]);
  return { ...from, peers: new Map(peers) };
}

function base(rules: string): string {
  return `table inet other {\n chain in {\n type filter hook input priority filter - 10; policy accept;\n ${rules}\n }\n}\n`;
}

function bare(): string {
  const elements = addresses().map((address) => `${address} . ${PORT}`);
  const set = `set allowed { type ipv4_addr . inet_service; elements = { ${elements.join(', ')} }; }`;
  const rules = 'ct state established accept\n ip saddr . udp dport @allowed accept\n drop';
  return base(rules).replace('{\n', `{\n ${set}\n`);
}

function linear(): string {
  const set = `set allowed { type ipv4_addr; elements = { ${addresses().join(', ')} }; }`;
  const rules = numbers.map((n) => `udp dport ${PORT - GROUPS + 1 + n} ip saddr @allowed accept`);
  return base(`ct state established accept\n ${rules.join('\n ')}\n drop`).replace('{\n', `{\n ${set}\n`);
}

const rule = (peers: readonly number[], port: number): WireRule => ({
  ref: `/rules/${port}`,
  class: 'allow',
  ports: [{ proto: UDP, from: port, to: port }],
  peers: peers.map(group),
});

/** The group of the port that is shot at. */
const EVERYBODY = GROUPS;

function ruleEach(): WireRule[] {
  return [...numbers.slice(1).map((n) => rule([n], PORT - n)), rule([EVERYBODY], PORT)];
}

function groups(): (id: string) => PeerSet | undefined {
  const sets = new Map(numbers.map((n) => [group(n), peerSet(members(n), [])]));
  sets.set(group(EVERYBODY), peerSet(addresses(), []));
  return (id) => sets.get(id) ?? peerSet(['172.18.0.2', '172.18.0.3'], []);
}

function model(ingress: WireRule[], find: (id: string) => PeerSet | undefined): FirewallModel {
  const labelSet = { id: 'ls-1', cluster: 'c', namespace: 'n', class: 'pod' as const, labels: [] };
  const unit: Unit = { labelSet, mode: 'full', ingress, egress: [] };
  return buildModel(unit, find, { kind: 'pod', revision: 1, judging: JUDGING });
}

/** A datagram, its checksum left out as UDP allows. */
export function frameFrom(address: string, port = CLIENT_PORT): Buffer {
  const ethernet = Buffer.from(`${MAC.replaceAll(':', '')}0200000000010800`, 'hex');
  const ip = Buffer.from([0x45, 0, 0, 36, 0, 1, 0, 0, 64, UDP, 0, 0, ...bytes(address), ...bytes(POD)]);
  let sum = 0;
  for (let i = 0; i < ip.length; i += 2) sum += ip.readUInt16BE(i);
  ip.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 10);
  const udp = Buffer.alloc(16);
  [port, PORT, udp.length].forEach((word, i) => udp.writeUInt16BE(word, i * 2));
  return Buffer.concat([ethernet, ip, udp]);
}

const bytes = (address: string): number[] => address.split('.').map(Number);
