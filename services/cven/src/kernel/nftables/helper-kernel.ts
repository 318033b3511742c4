/**
 * The kernel port over the helper process: starts it, restarts it when it dies (contexts reopen by themselves at their next
 * use), and ends it when it answers nothing for a while although something was asked: one that was stopped or hangs must not
 * stop enforcement. A request that was under way then fails with `helper_lost`: the caller reads what is there and goes
 * on, since a transaction is either in the kernel or not.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { renderChange, renderFlush, renderRemoval } from '@ringfence/firewall';
import type { Change, FlowTable, Half } from '@ringfence/firewall';
import { KernelError } from '../port/kernel.port.js';
import type { Applied, FlowReading, FoundTable, Kernel, NodeLink } from '../port/kernel.port.js';
import { fingerprint, foundTable } from './nft-words.js';
import { renderDrop } from './nft-tables.js';
import type { CounterName, NftTables, TableName } from './nft-tables.js';
import type {
  HelperAnswer,
  HelperArgument,
  HelperNews,
  HelperOperation,
  HelperRequest,
} from './helper/protocol.js';

export interface HelperKernelOptions {
  /** The compiled `helper.process.js`. */
  readonly entry: string;
  /** Without any answer. The longest single piece of work, a set of 100,000 addresses, takes 0.3 s on a quiet machine. */
  readonly silenceMs?: number;
  /** A helper ended that nobody had told to. */
  readonly onCrash?: (reason: string) => void;
  /** Sooner than `disturbed` could, where the kernel tells. */
  readonly onNews?: (news: HelperNews) => void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const SILENCE_MS = 10_000;
/** Of a process that has yet to start, among whatever else runs here. */
const FIRST_WORD_MS = 60_000;
/** The helper's own objects are short-lived and small; its memory is libnftables'. */
const HELPER_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=128'];

export class HelperKernel implements Kernel, NftTables {
  readonly fingerprint = fingerprint;
  private child: ChildProcess | undefined;
  private nextId = 1;
  private stopped = false;
  private readonly pending = new Map<number, Pending>();
  /** Runs while something is asked; every answer winds it up again. */
  private silence: NodeJS.Timeout | undefined;
  private hasSpoken = false;

  constructor(private readonly options: HelperKernelOptions) {}

  async open(netns: string): Promise<void> {
    await this.request('open', netns);
  }

  async close(netns: string): Promise<void> {
    // A helper that is not running holds nothing open.
    if (this.child !== undefined) await this.request('close', netns);
  }

  async adoptConnections(netns: string): Promise<number> {
    return (await this.request('adoptConnections', netns)) as number;
  }

  async trackLiberally(netns: string): Promise<void> {
    await this.request('trackLiberally', netns);
  }

  async run(netns: string, script: string): Promise<Applied> {
    return (await this.request('run', netns, script)) as Applied;
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

  async readFlows(netns: string, half: Half): Promise<FlowReading> {
    return (await this.request('readFlows', netns, half)) as FlowReading;
  }

  emptyFlows(netns: string, half: Half, tables: readonly FlowTable[]): Promise<Applied> {
    return this.run(netns, renderFlush(half, tables));
  }

  async look(netns: string): Promise<FoundTable | undefined> {
    return foundTable((await this.request('list', netns)) as string);
  }

  async lookAtOwn(netns: string): Promise<FoundTable | undefined> {
    const listing = (await this.request('listOwn', netns)) as string | undefined;
    return listing === undefined ? undefined : foundTable(listing);
  }

  async disturbed(): Promise<readonly string[]> {
    return this.child === undefined ? [] : ((await this.request('disturbed', '')) as string[]);
  }

  async clearMarks(netns: string): Promise<void> {
    await this.request('clearMarks', netns);
  }

  async links(netns: string, peers: readonly string[]): Promise<readonly NodeLink[]> {
    return (await this.request('links', netns, peers)) as NodeLink[];
  }

  async packets(netns: string, counter: CounterName): Promise<number | undefined> {
    return (await this.request('packets', netns, counter)) as number | undefined;
  }

  /** Process id of the running helper, for tests and metrics. */
  get processId(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const child = this.child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.disconnect();
      setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    });
  }

  private request(operation: HelperOperation, netns: string, argument?: HelperArgument): Promise<unknown> {
    if (this.stopped) return Promise.reject(new KernelError('helper_lost', 'the kernel port is stopped'));
    const child = this.running();
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      if (this.pending.size === 1) this.listen(child);
      const request: HelperRequest = {
        id,
        operation,
        netns,
        ...(argument === undefined ? {} : { argument }),
      };
      // Whoever cannot be written to is dead, even before the news of its end arrives.
      child.send(request, (error) => {
        if (error !== null) this.lost(child, error.message);
      });
    });
  }

  private running(): ChildProcess {
    if (this.child !== undefined) return this.child;
    const child = fork(this.options.entry, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: HELPER_FLAGS,
    });
    this.hasSpoken = false;
    child.on('message', (answer: HelperAnswer | HelperNews) => {
      this.hasSpoken = true;
      if ('news' in answer) return this.options.onNews?.(answer);
      const waiting = this.settle(answer.id);
      this.listen(child);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(new KernelError(answer.code, answer.message));
    });
    child.once('error', (error) => this.lost(child, error.message));
    child.once('exit', (code, signal) => this.lost(child, signal ?? `exit code ${code}`));
    this.child = child;
    return child;
  }

  private lost(child: ChildProcess, reason: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    clearTimeout(this.silence);
    for (const id of [...this.pending.keys()])
      this.settle(id)?.reject(new KernelError('helper_lost', `the kernel helper ended: ${reason}`));
    if (!this.stopped) this.options.onCrash?.(reason);
  }

  /** One that says nothing is of no more use to anybody: its end is news for all who wait. */
  private listen(child: ChildProcess): void {
    clearTimeout(this.silence);
    if (this.pending.size === 0) return;
    const { silenceMs = SILENCE_MS } = this.options;
    const withinMs = this.hasSpoken ? silenceMs : FIRST_WORD_MS;
    this.silence = setTimeout(() => {
      this.lost(child, `it did not answer for ${withinMs / 1000} s`);
      child.kill('SIGKILL');
    }, withinMs);
  }

  private settle(id: number): Pending | undefined {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    return waiting;
  }
}
