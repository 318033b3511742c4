/**
 * The kernel port by programs: `nsenter --net=… nft -f -`. For machines without libnftables; 10–50 times slower than the
 * helper, so at most eight run at once. Keeps nothing open.
 */
import { spawn } from 'node:child_process';
import {
  FAMILIES,
  FLOW_TABLES,
  flowSetName,
  renderChange,
  renderFlush,
  renderRemoval,
} from '@ringfence/firewall';
import type { Change, FlowTable, Half } from '@ringfence/firewall';
import { olderConnections } from './helper/older-connections.js';
import type { Connection } from './helper/older-connections.js';
import { addressText } from './helper/set-dump.js';
import { namedNamespaces, parseFlowSet, parseLinks, parsePackets } from './json-listing.js';
import { KernelError } from '../port/kernel.port.js';
import type { Applied, FlowCount, FlowReading, FoundTable, Kernel, NodeLink } from '../port/kernel.port.js';
import { withoutFlowElements } from './listing.js';
import { fingerprint, foundTable } from './nft-words.js';
import { renderDrop } from './nft-tables.js';
import type { CounterName, NftTables, TableName } from './nft-tables.js';

const IN_FLIGHT = 8;
const TIMEOUT_MS = 30_000;

export class SpawnedKernel implements Kernel, NftTables {
  readonly fingerprint = fingerprint;
  private running = 0;
  /** Our table's listing after our own last transaction: nft has no command for the generation number. */
  private readonly lastListing = new Map<string, string>();
  private readonly waiting: (() => void)[] = [];

  async open(netns: string): Promise<void> {
    await this.inside(netns, ['true']);
  }

  close(netns: string): Promise<void> {
    this.lastListing.delete(netns);
    return Promise.resolve();
  }

  async adoptConnections(netns: string): Promise<number> {
    const [tcp, tcp6] = await Promise.all(
      ['tcp', 'tcp6'].map((table) => this.inside(netns, ['cat', `/proc/self/net/${table}`]).catch(() => '')),
    );
    const connections = olderConnections(tcp ?? '', tcp6 ?? '');
    // One by one: a single entry that conntrack knows already would end a whole file.
    const added = await Promise.all(
      connections.map((connection) =>
        this.inside(netns, ['conntrack', ...injection(connection)]).then(
          () => 1,
          () => 0,
        ),
      ),
    );
    return added.reduce<number>((sum, one) => sum + one, 0);
  }

  async trackLiberally(netns: string): Promise<void> {
    await this.inside(netns, ['sh', '-c', 'echo 1 > /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal']);
  }

  apply(netns: string, change: Change): Promise<Applied> {
    return this.run(netns, renderChange(change));
  }

  async remove(netns: string): Promise<void> {
    await this.run(netns, renderRemoval());
  }

  async drop(netns: string, table: TableName): Promise<void> {
    await this.run(netns, renderDrop(table));
  }

  emptyFlows(netns: string, half: Half, tables: readonly FlowTable[]): Promise<Applied> {
    return this.run(netns, renderFlush(half, tables));
  }

  async look(netns: string): Promise<FoundTable | undefined> {
    return foundTable(await this.list(netns));
  }

  async run(netns: string, script: string): Promise<Applied> {
    const last = this.lastListing.get(netns);
    const disturbed = last !== undefined && last !== (await this.list(netns));
    const start = performance.now();
    await this.inside(netns, ['nft', '-f', '-'], script);
    const ms = performance.now() - start;
    this.lastListing.set(netns, await this.list(netns));
    return { ms, disturbed };
  }

  async readFlows(netns: string, half: Half): Promise<FlowReading> {
    const read = async (table: FlowTable): Promise<[FlowTable, FlowCount[]]> => {
      const sets = await Promise.all(
        FAMILIES.map((family) =>
          this.inside(netns, [
            'nft',
            '-j',
            'list',
            'set',
            'inet',
            'ringfence',
            flowSetName(table, family, half),
          ]),
        ),
      );
      return [table, sets.flatMap(parseFlowSet)];
    };
    const tables = Object.fromEntries(await Promise.all(FLOW_TABLES.map(read))) as Record<
      FlowTable,
      FlowCount[]
    >;
    const overflow = parsePackets(
      await this.inside(netns, ['nft', '-j', 'list', 'counter', 'inet', 'ringfence', 'c_overflow']),
    );
    return { tables, overflow };
  }

  private async list(netns: string): Promise<string> {
    try {
      return withoutFlowElements(
        await this.inside(netns, ['nft', '-s', 'list', 'table', 'inet', 'ringfence']),
      );
    } catch (error) {
      if (
        error instanceof KernelError &&
        error.message.includes('No such file or directory') &&
        error.code === 'script_refused'
      )
        return '';
      throw error;
    }
  }

  async lookAtOwn(netns: string): Promise<FoundTable | undefined> {
    const listing = await this.list(netns);
    return listing === this.lastListing.get(netns) ? foundTable(listing) : undefined;
  }

  async disturbed(): Promise<readonly string[]> {
    const changed = await Promise.all(
      [...this.lastListing].map(async ([netns, last]) => ((await this.list(netns)) === last ? [] : [netns])),
    );
    await Promise.all(
      changed.flat().map(async (netns) => this.lastListing.set(netns, await this.list(netns))),
    );
    return changed.flat();
  }

  /** The kernel's numbers of namespaces can be had for those only that have a name below /run/netns. */
  async links(netns: string, peers: readonly string[]): Promise<readonly NodeLink[]> {
    const links = await this.inside(netns, ['ip', '-j', '-d', 'link', 'show']);
    const named = namedNamespaces(await this.inside(netns, ['ip', '-j', 'netns', 'list-id']), peers);
    return parseLinks(links, named);
  }

  async packets(netns: string, { family, table, name }: CounterName): Promise<number | undefined> {
    try {
      return parsePackets(await this.inside(netns, ['nft', '-j', 'list', 'counter', family, table, name]));
    } catch (error) {
      if (error instanceof KernelError && error.message.includes('No such file')) return undefined;
      throw error;
    }
  }

  async clearMarks(netns: string): Promise<void> {
    // `conntrack -U` cannot change a mark on every kernel. Sockets remember the direction of what is thrown away.
    await this.inside(netns, ['conntrack', '-F']);
    await this.adoptConnections(netns);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private async inside(netns: string, command: readonly string[], input = ''): Promise<string> {
    if (this.running >= IN_FLIGHT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
    try {
      return await runInside(netns, command, input);
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}

function runInside(netns: string, command: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [`--net=${netns}`, ...command], { stdio: 'pipe', timeout: TIMEOUT_MS });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.once('error', (error) => reject(new KernelError('kernel_error', error.message)));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(output).toString());
      const message = Buffer.concat(errors).toString().trim().slice(0, 2000);
      if (signal !== null) reject(new KernelError('timeout', `${command.join(' ')} was ended by ${signal}`));
      else
        reject(
          new KernelError(message.startsWith('nsenter:') ? 'namespace_gone' : 'script_refused', message),
        );
    });
    child.stdin.on('error', () => undefined); // nft may refuse a script before it has read all of it.
    child.stdin.end(input);
  });
}

function injection({ client, server }: Connection): string[] {
  const ports = ['--sport', `${client.port}`, '--dport', `${server.port}`];
  return [
    '-I',
    '-p',
    'tcp',
    '-s',
    addressText(client.address),
    '-d',
    addressText(server.address),
    ...ports,
    '--state',
    'ESTABLISHED',
    '-t',
    '3600',
    '-u',
    'SEEN_REPLY,ASSURED',
  ];
}
