/**
 * Everything kept for one network namespace: the namespace itself, a raw netlink socket that was opened in it, and for a
 * while after a transaction its libnftables context. The thread itself always returns to its own namespace.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { flowSetName, FAMILIES, FLOW_TABLES, renderRemoval } from '@ringfence/firewall/own-table';
import type { FlowTable, Half } from '@ringfence/firewall/own-table';
import koffi from 'koffi';
import { KernelError } from '../../port/kernel.port.js';
import type { Applied, FlowCount, FlowReading, NodeLink } from '../../port/kernel.port.js';
import { withoutFlowElements } from '../listing.js';
import type { CounterName } from '../nft-tables.js';
import { namespaceId } from './namespace-id.js';
import { NodeLinks } from './node-links.js';
import { find, NFGEN } from './netlink-message.js';
import { NetlinkError, NetlinkSocket } from './netlink-socket.js';
import { NftContext } from './nft-context.js';
import { transaction } from './nft-message.js';
import { clearMarkMessage, entriesRequest, injectionMessage, olderConnections } from './older-connections.js';
import { plainScript } from './plain-script.js';
import type { RecentlyUsed } from './recently-used.js';
import {
  counterRequest,
  elementsRequest,
  flowCounts,
  generationOf,
  generationRequest,
  packetsOf,
} from './set-dump.js';

const libc = koffi.load('libc.so.6');
const setns = libc.func('int setns(int fd, int kind)');

const CLONE_NEWNET = 0x40000000;
const ENOENT = 2;
const EEXIST = 17;
const TABLE_NAME = 'ringfence';
const OWN_GENERATIONS = 64;

const home = openSync('/proc/thread-self/ns/net', 'r');

export class NamespaceContext {
  private readonly file: number;
  private readonly socket: NetlinkSocket;
  /** Ruleset generation of the namespace after our own last transaction; every commit of anybody raises it by one. */
  private lastGeneration: number | undefined;
  /** The one at which our table was as we left it, or as we found it when we came. */
  private untouched: number | undefined;
  /** Those that our own transactions led to, the newest of them: their news may still be on its way. */
  private readonly own = new Set<number>();
  /** As the node's namespace numbers it; undefined: the node's own. */
  readonly namespace: number | undefined;

  private nodeLinks: NodeLinks | undefined;

  constructor(
    path: string,
    private readonly recent: RecentlyUsed<NamespaceContext, NftContext>,
  ) {
    this.file = opened(path);
    try {
      this.namespace = namespaceId(this.file, home);
      this.socket = entered(this.file, () => new NetlinkSocket());
    } catch (error) {
      closeSync(this.file);
      throw error;
    }
  }

  run(script: string): Applied {
    const start = performance.now();
    const before = this.generation();
    if (!this.commitPlainly(script, before)) this.say(script);
    const ms = performance.now() - start;
    const after = this.generation();
    const disturbed =
      (this.lastGeneration !== undefined && this.lastGeneration !== before) || after !== (before + 1) >>> 0;
    this.lastGeneration = after;
    this.remember({ before, after, isWhole: script.startsWith(renderRemoval()) });
    return { ms, disturbed };
  }

  hasCommitted(generation: number): boolean {
    return this.own.has(generation);
  }

  /** News of a transaction that did not touch our table: when nothing came between, there is nothing to look for. */
  follow(generation: number): void {
    const before = (generation - 1) >>> 0;
    if (this.lastGeneration === before) this.lastGeneration = generation;
    if (this.untouched === before) this.untouched = generation;
  }

  private remember(commit: { before: number; after: number; isWhole: boolean }): void {
    const { before, after, isWhole } = commit;
    const isAlone = after === (before + 1) >>> 0;
    this.untouched = isAlone && (isWhole || this.untouched === before) ? after : undefined;
    if (!isAlone) return;
    this.own.add(after);
    const [oldest] = this.own;
    if (this.own.size > OWN_GENERATIONS && oldest !== undefined) this.own.delete(oldest);
  }

  listOwn(): string | undefined {
    if (this.untouched === undefined || this.generation() !== this.untouched) return undefined;
    const listing = this.list();
    return this.generation() === this.untouched ? listing : undefined;
  }

  list(): string {
    this.untouched ??= this.generation();
    try {
      return withoutFlowElements(this.say('list table inet ringfence'));
    } catch (error) {
      if (error instanceof KernelError && error.message.includes('No such file or directory')) return '';
      throw error;
    }
  }

  isDisturbed(): boolean {
    if (this.lastGeneration === undefined) return false;
    const generation = this.generation();
    const disturbed = generation !== this.lastGeneration;
    this.lastGeneration = generation;
    return disturbed;
  }

  private generation(): number {
    const answer = this.socket.request((sequence) => generationRequest(sequence));
    return answer === undefined ? 0 : generationOf(answer.body);
  }

  readFlows(half: Half): FlowReading {
    const table = (name: FlowTable): FlowCount[] =>
      FAMILIES.flatMap((family) => this.readSet(flowSetName(name, family, half)));
    const tables = Object.fromEntries(FLOW_TABLES.map((name) => [name, table(name)])) as Record<
      FlowTable,
      FlowCount[]
    >;
    const overflow = this.socket.request((sequence) =>
      counterRequest(sequence, { family: 'inet', table: TABLE_NAME, name: 'c_overflow' }),
    );
    return { tables, overflow: overflow === undefined ? 0 : packetsOf(overflow.body) };
  }

  /** A hash table that grows while it is walked is walked again: an element may come twice. */
  private readSet(set: string): FlowCount[] {
    const counts = this.socket
      .dump((sequence) => elementsRequest(sequence, TABLE_NAME, set))
      .flatMap(({ body }) => flowCounts(body));
    return [...new Map(counts.map((count) => [count.slice(0, 4).join(' '), count])).values()];
  }

  adoptConnections(): number {
    const [tcp, tcp6] = entered(this.file, () => [readSockets('tcp'), readSockets('tcp6')] as const);
    let adopted = 0;
    for (const connection of olderConnections(tcp, tcp6)) {
      try {
        this.socket.request((sequence) => injectionMessage(sequence, connection));
        adopted += 1;
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.errno !== EEXIST) throw error;
      }
    }
    return adopted;
  }

  trackLiberally(): void {
    entered(this.file, () => writeFileSync('/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal', '1'));
  }

  links(peers: readonly string[]): NodeLink[] {
    this.nodeLinks ??= entered(this.file, () => new NodeLinks());
    return this.nodeLinks.read(peers);
  }

  packets(counter: CounterName): number | undefined {
    try {
      const found = this.socket.request((sequence) => counterRequest(sequence, counter));
      return found && packetsOf(found.body);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === ENOENT) return undefined;
      throw error;
    }
  }

  clearMarks(): void {
    for (const { body } of this.socket.dump((sequence) => entriesRequest(sequence))) {
      const tuple = find(body.subarray(NFGEN), 1);
      const mark = find(body.subarray(NFGEN), 8)?.readUInt32BE(0) ?? 0;
      if (tuple === undefined || mark >>> 16 === 0) continue;
      try {
        this.socket.request((sequence) => clearMarkMessage(sequence, body.readUInt8(0), tuple));
      } catch (error) {
        // The connection ended meanwhile: its mark ended with it.
        if (!(error instanceof NetlinkError) || error.errno !== ENOENT) throw error;
      }
    }
  }

  close(): void {
    this.recent.giveUp(this);
    this.socket.close();
    this.nodeLinks?.close();
    closeSync(this.file);
  }

  /** False: nothing was done. */
  private commitPlainly(script: string, generation: number): boolean {
    const changes = plainScript(script);
    if (changes === undefined) return false;
    try {
      this.socket.request((sequence) => transaction(sequence, generation, changes));
      return true;
    } catch (error) {
      if (error instanceof NetlinkError) return false;
      throw error;
    }
  }

  private say(commands: string): string {
    return this.recent.of(this, () => entered(this.file, () => new NftContext())).run(commands);
  }
}

function readSockets(table: 'tcp' | 'tcp6'): string {
  try {
    return readFileSync(`/proc/thread-self/net/${table}`, 'utf8');
  } catch {
    return ''; // No IPv6 in this kernel: no sockets of it either.
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new KernelError(
      'namespace_gone',
      `cannot open ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Runs `work` with this thread in the namespace. Coming home cannot fail short of a broken machine; then the process must end. */
function entered<T>(fd: number, work: () => T): T {
  if ((setns(fd, CLONE_NEWNET) as number) !== 0)
    throw new KernelError('namespace_gone', `this is not a network namespace (errno ${koffi.errno()})`);
  try {
    return work();
  } finally {
    if ((setns(home, CLONE_NEWNET) as number) !== 0) process.exit(70);
  }
}
