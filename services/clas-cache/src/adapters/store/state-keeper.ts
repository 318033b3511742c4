/**
 * Keeps on disk what a restart needs while the control plane is away. What the control plane tells is there before any node is told of
 * it: nobody in the cluster could tell it again. It is a log, and now and then the whole policy takes its place. The cluster's
 * objects are written now and then: whatever changed since is still in the cluster's own stream, and is read from there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ActorStore } from '../../domain/actor-store.js';
import type { StoreOptions } from '../../domain/actor-store.js';
import { ANEW } from '../../domain/stored-state.js';
import type { StoredFacts, StoredPolicy, ToldChange } from '../../domain/stored-state.js';
import { PolicyLog } from './policy-log.js';
import type { StateFiles } from './state-files.store.js';

/** Read within a fraction of a second by whoever starts. */
const MOST_LOG_BYTES = 16 * 1024 * 1024;
/** A disk that says nothing must not keep a rule from closing what it closes. */
const KEPT_WITHIN_MS = 1_000;
const FACTS_EVERY_MS = 60_000;
/** Revisions are never given twice: after a crash counting goes on above everything that may have been used. */
const REVISIONS_AHEAD = 10_000;
/** A disk that was full takes it the next time. */
const WRITE_AGAIN_MS = 2_000;

/** Written into each file; one of another form is not read. */
const FORMS = { revision: 1, facts: 1, policy: 3 } as const;
type Kind = keyof typeof FORMS;
interface Kept<T> {
  readonly form: number;
  readonly cluster: string;
  readonly value: T;
}
interface KeptPolicy {
  readonly policy: StoredPolicy | null;
  /** What was told since. */
  readonly log: number;
}

export class StateKeeper {
  readonly store: ActorStore;
  private ceiling: number;
  private readonly log: PolicyLog;
  private replacing: Promise<void> | undefined;
  private readonly factsTimer: NodeJS.Timeout;
  private readonly failures = new Map<Kind, string>();
  private readonly again = new Map<Kind, NodeJS.Timeout>();

  constructor(
    private readonly files: StateFiles,
    private readonly options: StoreOptions,
    private readonly logger: Logger,
    private readonly mostLogBytes = MOST_LOG_BYTES,
  ) {
    this.ceiling = Number(this.read<number>('revision') ?? 0);
    this.log = new PolicyLog(files.directory, { form: FORMS.policy, cluster: options.cluster });
    this.store = this.restored();
    this.factsTimer = setInterval(() => void this.writeFacts(), FACTS_EVERY_MS);
  }

  /** What nobody can make anything of is left out: all of it is told again. */
  private restored(): ActorStore {
    const revision = this.ceiling;
    const { policy, log = 0 } = this.read<KeptPolicy>('policy') ?? {};
    const facts = this.read<StoredFacts>('facts');
    try {
      const changes = this.log.read(log);
      return new ActorStore(this.options, { revision, policy: policy ?? undefined, changes, facts });
    } catch (error) {
      this.logger.error({ err: error }, 'the state on disk is not understood and is left out');
      this.log.giveUp(asError(error));
      return new ActorStore(this.options, { revision });
    } finally {
      this.log.add(ANEW);
    }
  }

  /** What a restart would not know because it could not be written, in words; null: all is written. */
  get unwritten(): string | null {
    const [first] = this.failures;
    return first === undefined
      ? null
      : `${[...this.failures.keys()].join(', ')} cannot be written: ${first[1]}`;
  }

  /** To be done before any revision is told: waits for room on the disk, or a restart would give numbers again. */
  async begin(signal: AbortSignal): Promise<void> {
    this.ceiling += REVISIONS_AHEAD;
    while (!(await this.write('revision', () => this.ceiling)))
      await sleep(WRITE_AGAIN_MS, undefined, { signal });
  }

  told(change: ToldChange): void {
    // How far the control plane has come is its to say again.
    if (change === ANEW || change.kind !== 'settled') this.log.add(change);
  }

  /** Resolves when whoever follows a kill would know all that was told; or cannot, which is then said. */
  async toldIsKept(): Promise<void> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const late = sleep(KEPT_WITHIN_MS, undefined, { signal }).then(
      () => this.noteUnwritten('policy', new Error('the disk does not answer')),
      () => undefined,
    );
    const written = this.log.written().then(() => this.followLog());
    await Promise.race([written, late]);
    waiting.abort();
  }

  /** After each settling: numbers must not run out of what is written down. */
  settled(): void {
    void this.toldIsKept();
    if (this.store.revision < this.ceiling - REVISIONS_AHEAD / 2) return;
    this.ceiling += REVISIONS_AHEAD;
    void this.write('revision', () => this.ceiling);
  }

  async close(): Promise<void> {
    clearInterval(this.factsTimer);
    await this.log.written();
    if (this.log.bytes > 0) await this.replaceLog();
    await this.log.close();
    await this.writeFacts();
    for (const timer of this.again.values()) clearTimeout(timer);
  }

  private followLog(): void {
    const { failure, bytes } = this.log;
    if (failure === undefined) this.noteWritten('policy');
    else this.failed('policy', failure, () => this.replaceLog());
    if (bytes > this.mostLogBytes) void this.replaceLog();
  }

  /** By the whole policy, as soon as that is all there is. */
  private replaceLog(): Promise<void> {
    this.replacing ??= this.writePolicy().finally(() => (this.replacing = undefined));
    return this.replacing;
  }

  private async writePolicy(): Promise<void> {
    const log = await this.log.next(() => this.store.isPolicySettled);
    if (log === undefined) return this.followLog();
    try {
      await this.put('policy', () => ({ policy: this.store.storedPolicy(), log }));
      await this.log.dropBefore(log);
    } catch (error) {
      this.log.giveUp(asError(error));
    }
    this.followLog();
  }

  private async writeFacts(): Promise<void> {
    if (this.store.storedFacts() !== null) await this.write('facts', () => this.store.storedFacts());
  }

  /** False: it could not be written; it is tried again until it can. */
  private async write(name: Kind, value: () => unknown): Promise<boolean> {
    clearTimeout(this.again.get(name));
    try {
      await this.put(name, value);
      this.noteWritten(name);
      return true;
    } catch (error) {
      this.failed(name, asError(error), () => this.write(name, value));
      return false;
    }
  }

  private put(name: Kind, value: () => unknown): Promise<void> {
    const { cluster } = this.options;
    return this.files.write(name, () => ({ form: FORMS[name], cluster, value: value() }));
  }

  private failed(name: Kind, error: Error, again: () => Promise<unknown>): void {
    this.noteUnwritten(name, error);
    clearTimeout(this.again.get(name));
    this.again.set(
      name,
      setTimeout(() => void again(), WRITE_AGAIN_MS),
    );
  }

  private noteUnwritten(name: Kind, error: Error): void {
    if (!this.failures.has(name))
      this.logger.error({ err: error, name }, 'state could not be written: a restart would not know it');
    this.failures.set(name, error.message);
  }

  private noteWritten(name: Kind): void {
    if (this.failures.delete(name)) this.logger.info({ name }, 'state can be written again');
  }

  /** Another cluster's state is nobody's. */
  private read<T>(name: Kind): T | undefined {
    const kept = this.files.read(name) as Kept<T> | undefined;
    return kept?.form === FORMS[name] && kept.cluster === this.options.cluster ? kept.value : undefined;
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
