/**
 * Looks after the disks of the stack's own servers. A NATS whose disk was full stores nothing ever after, and a Postgres
 * whose disk is full ends; both hold everything that they acknowledged. So: said when the room goes, and started anew
 * when it is back. In a cluster this is the part of whoever runs these servers (docs/operations.md).
 */
import { statfsSync } from 'node:fs';

/** A process of the stack, as far as it is looked after here. */
interface GuardedProcess {
  readonly spec: { readonly name: string };
  start(): void;
  stop(): Promise<void>;
}

export interface GuardedStore {
  readonly process: GuardedProcess;
  readonly directory: string;
}

export interface StoreGuardOptions {
  readonly say: (line: string) => void;
  /** Below this a write may fail; a server is started anew when there is twice as much. */
  readonly fullBelowBytes?: number;
}

/** The largest message and the largest segment of a write-ahead log fit. */
const FULL_BELOW_BYTES = 64 * 1024 ** 2;
const LOOK_EVERY_MS = 1_000;
const MIB = 1024 ** 2;

export class StoreGuard {
  private readonly stores: GuardedStore[] = [];
  private readonly full = new Set<GuardedStore>();
  private readonly fullBelowBytes: number;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly options: StoreGuardOptions) {
    this.fullBelowBytes = options.fullBelowBytes ?? FULL_BELOW_BYTES;
  }

  watch(store: GuardedStore): void {
    this.stores.push(store);
    this.timer ??= setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }, LOOK_EVERY_MS);
  }

  forget(process: GuardedProcess): void {
    const at = this.stores.findIndex((store) => store.process === process);
    if (at >= 0) this.stores.splice(at, 1);
  }

  /** Whether a full disk explains this end: then it is no reason to end everything. */
  explains({ name }: { readonly name: string }): boolean {
    const store = this.stores.find(({ process }) => process.spec.name === name);
    if (store === undefined || this.freeBytes(store) >= 2 * this.fullBelowBytes) return false;
    this.isFull(store);
    return true;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private async look(): Promise<void> {
    for (const store of this.stores) {
      const free = this.freeBytes(store);
      if (free < this.fullBelowBytes) this.isFull(store);
      else if (this.full.has(store) && free >= 2 * this.fullBelowBytes) await this.begin(store);
    }
  }

  private isFull(store: GuardedStore): void {
    if (this.full.has(store)) return;
    this.full.add(store);
    const mebibytes = Math.floor(this.freeBytes(store) / MIB);
    this.options.say(
      `the disk of ${store.process.spec.name} is full (${mebibytes} MiB free below ${store.directory}): nothing new is stored until there is room`,
    );
  }

  private async begin(store: GuardedStore): Promise<void> {
    const { process } = store;
    await process.stop();
    process.start();
    this.full.delete(store);
    this.options.say(`there is room again for ${process.spec.name}: it was started anew`);
  }

  private freeBytes({ directory }: GuardedStore): number {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  }
}
