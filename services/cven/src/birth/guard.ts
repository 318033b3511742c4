/**
 * Where no plugin can be had: keeps the guard's table in the node's namespace right, one script at a time. A Pod is placed when the
 * agent has decided about it. Before the first load every Pod that the runtime lists is placed, so that nobody who lives
 * is cut off; a table that an earlier agent left stays in force until then, and goes where nothing is guarded any more: it knows
 * nobody who was born since.
 */
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import type { NftTables } from '../kernel/nftables/nft-tables.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import type { Places } from './birth-gate.js';
import { GUARD, renderGuard, renderGuardChange } from './guard.renderer.js';

export interface GuardOptions {
  readonly kernel: () => Kernel & NftTables;
  /** The node's own namespace. */
  readonly netns: string;
  readonly places: Places;
  readonly hostAddresses: () => readonly string[];
  /** The ranges that are guarded now; none: no guard; undefined: nobody can tell yet. Asked anew with every look. */
  readonly ranges: () => readonly string[] | undefined;
  readonly onError: (error: unknown) => void;
}

const KNOWN_WITHIN_MS = 2_000;

export class Guard {
  /** By sandbox: its addresses, and whether the agent has decided about it. */
  private readonly pods = new Map<string, { addresses: readonly string[]; isPlaced: boolean }>();
  private readonly deciding = new Set<string>();
  private isListed = false;
  private loaded: { readonly ranges: string; readonly placed: ReadonlySet<string> } | undefined;
  /** Some guard may be in the kernel: also one of an earlier agent. */
  private mayBeThere = true;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: GuardOptions) {}

  get isLoaded(): boolean {
    return this.loaded !== undefined;
  }

  get isGone(): boolean {
    return !this.mayBeThere;
  }

  /** The runtime has listed all that live. */
  listed(): void {
    this.isListed = true;
    void this.follow();
  }

  seen({ id, netns, addresses }: FoundSandbox): void {
    if (netns === null || addresses.length === 0) return;
    this.pods.set(id, { addresses, isPlaced: this.pods.get(id)?.isPlaced ?? false });
    void this.decide(id);
  }

  gone(id: string): void {
    if (this.pods.delete(id)) void this.follow();
  }

  /** Brings the kernel to what is known; also tries again what failed. */
  async look(): Promise<void> {
    for (const [id, { isPlaced }] of this.pods) if (!isPlaced) void this.decide(id);
    await this.follow();
  }

  /** Nobody is asked for while nothing is guarded: whoever waits for a Pod has it closed. */
  private async decide(id: string): Promise<void> {
    if (this.deciding.has(id) || !this.options.ranges()?.length) return;
    this.deciding.add(id);
    try {
      await this.options.places.decided(id, KNOWN_WITHIN_MS);
      const pod = this.pods.get(id);
      if (pod !== undefined) pod.isPlaced = true;
    } catch (error) {
      this.options.onError(error); // Stays closed; the next look asks again.
    } finally {
      this.deciding.delete(id);
    }
    await this.follow();
  }

  private follow(): Promise<void> {
    this.turn = this.turn.then(() => this.bring()).catch(this.options.onError);
    return this.turn;
  }

  private async bring(): Promise<void> {
    const ranges = this.options.ranges();
    if (ranges === undefined) return;
    return ranges.length === 0 ? this.unload() : this.keep(ranges);
  }

  private async keep(ranges: readonly string[]): Promise<void> {
    const placed = new Set([...this.placed(), ...this.options.hostAddresses()]);
    const isFirst = this.loaded?.ranges !== ranges.join();
    if (isFirst && (!this.isListed || this.deciding.size > 0)) return;
    const before = this.loaded?.placed ?? new Set<string>();
    const script = isFirst ? renderGuard({ ranges, placed: [...placed] }) : renderGuardChange(before, placed);
    if (script !== '') await this.apply(script);
    this.loaded = { ranges: ranges.join(), placed };
  }

  private async unload(): Promise<void> {
    if (!this.mayBeThere) return;
    this.loaded = undefined;
    await this.options.kernel().drop(this.options.netns, GUARD);
    this.mayBeThere = false;
  }

  private async apply(script: string): Promise<void> {
    const { kernel, netns } = this.options;
    this.mayBeThere = true;
    try {
      await kernel().open(netns);
      await kernel().run(netns, script);
    } catch (error) {
      // What is there is not known any more: the whole of it next time.
      this.loaded = undefined;
      throw error;
    }
  }

  private placed(): string[] {
    return [...this.pods.values()].flatMap(({ addresses, isPlaced }) => (isPlaced ? addresses : []));
  }
}
