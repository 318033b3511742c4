/**
 * The town of the truth table as network namespaces: one for each Pod, and one that is the node of all of them, the other node and the
 * world. Packets leave through the rules of who sends them, and are counted behind the rules of who gets them.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { packetOf } from './raw-packets.js';
import type { FirstPacket } from './raw-packets.js';

/** What is no Pod's. */
const ELSEWHERE = ['172.16.0.0/24', '192.0.2.0/24', '192.0.3.0/24', '198.51.100.0/24', '2001:db8::/32'];
export const NODE = 'node';

/** Each packet by the port that it comes from. */
const PASSED = `table inet passed {
  set ports { type inet_service; flags dynamic; size 65535; }
  set pings { typeof icmp id; flags dynamic; size 65535; }
  chain in {
    type filter hook input priority 500;
    meta l4proto { tcp, udp, sctp } update @ports { th sport }
    icmp type echo-request update @pings { icmp id }
  }
}`;

export interface TownPod {
  readonly name: string;
  readonly addresses: readonly string[];
}
interface Sender {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly reader: Interface;
}

export class TownNamespaces {
  private readonly id = randomBytes(3).toString('hex');
  private readonly senders = new Map<string, Sender>();

  constructor(private readonly pods: readonly TownPod[]) {
    try {
      for (const name of [NODE, ...pods.map((pod) => pod.name)]) this.add(name);
      this.within(NODE, ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
      this.ip(
        NODE,
        ELSEWHERE.map((cidr) => `route add local ${cidr} dev lo`),
      );
      for (const [i, pod] of pods.entries()) this.connect(i + 1, pod);
    } catch (error) {
      this.remove();
      throw error;
    }
    for (const name of [NODE, ...pods.map((pod) => pod.name)]) this.senders.set(name, this.sender(name));
  }

  nft(name: string, script: string): string {
    return this.within(name, ['nft', '-f', '-'], script);
  }

  /** From one namespace, in this order. */
  async send(name: string, packets: readonly FirstPacket[]): Promise<void> {
    const { child, lines } = this.senders.get(name)!;
    const all = packets.map((packet) => ({ hex: packetOf(packet).toString('hex'), to: packet.to }));
    child.stdin?.write(`${JSON.stringify(all)}\n`);
    const { value } = await lines.next();
    if (value !== 'sent') throw new Error(`${name}: ${String(value)}`);
  }

  /** Of the packets that ever got through to it. */
  arrived(name: string): ReadonlySet<number> {
    const listing = this.within(name, ['nft', 'list', 'table', 'inet', 'passed']);
    const elements = [...listing.matchAll(/elements = \{([^}]*)\}/g)].map(([, text]) => text ?? '');
    return new Set([...elements.join(' ').matchAll(/\d+/g)].map(([number]) => Number(number)));
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.senders.values()].map(async ({ child, reader }) => {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        reader.close();
        child.stdin?.end();
        await gone;
      }),
    );
    this.remove();
  }

  private nameOf(name: string): string {
    return `rft${this.id}-${name.replace('/', '-')}`;
  }

  private within(name: string, command: readonly string[], input = ''): string {
    const args = [`--net=/run/netns/${this.nameOf(name)}`, ...command];
    return execFileSync('nsenter', args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  private ip(name: string, commands: readonly string[]): void {
    this.within(name, ['ip', '-batch', '-'], `${commands.join('\n')}\n`);
  }

  private add(name: string): void {
    execFileSync('ip', ['netns', 'add', this.nameOf(name)]);
    const quiet = [
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.default.rp_filter=0',
      'net.netfilter.nf_conntrack_checksum=0',
    ];
    this.within(name, ['sysctl', '-qw', ...quiet]);
    this.ip(name, ['link set lo up']);
    this.nft(name, PASSED);
  }

  /** Without ARP, and with one hardware address at both ends: nobody has to ask for anybody. */
  private connect(number: number, { name, addresses }: TownPod): void {
    const [device, mac] = [`pod${String(number)}`, `02:00:00:00:00:0${String(number)}`];
    const up = (link: string): string[] => [
      `link set ${link} address ${mac}`,
      `link set ${link} arp off`,
      `link set ${link} up`,
    ];
    this.ip(NODE, [
      `link add ${device} type veth peer name eth0 netns ${this.nameOf(name)}`,
      ...up(device),
      ...addresses.map((address) => `route add ${address} dev ${device}`),
    ]);
    this.ip(name, [
      ...up('eth0'),
      ...addresses.map((address) =>
        address.includes(':') ? `addr add ${address}/128 dev eth0 nodad` : `addr add ${address}/32 dev eth0`,
      ),
      'route add default dev eth0',
      'route add ::/0 dev eth0',
    ]);
  }

  private sender(name: string): Sender {
    const script = fileURLToPath(new URL('raw-sender.mjs', import.meta.url));
    const args = [`--net=/run/netns/${this.nameOf(name)}`, process.execPath, script];
    const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const reader = createInterface({ input: child.stdout });
    return { child, reader, lines: reader[Symbol.asyncIterator]() };
  }

  private remove(): void {
    for (const name of [NODE, ...this.pods.map((pod) => pod.name)])
      try {
        execFileSync('ip', ['netns', 'del', this.nameOf(name)], { stdio: 'ignore' });
      } catch {
        // It was not made.
      }
  }
}
