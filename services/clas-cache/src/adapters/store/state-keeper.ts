/**
 * Keeps on disk what a restart needs while the control plane is away. The policy is written soon after each change: nobody
 * in the cluster could tell it again. The cluster's objects are written now and then: whatever changed since is still in
 * the cluster's own stream, and is read from there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ActorStore } from '../../domain/actor-store.js';
import type { StoreOptions } from '../../domain/actor-store.js';
import type { StoredFacts, StoredPolicy } from '../../domain/stored-state.js';
import type { StateFiles } from './state-files.store.js';

const POLICY_AFTER_MS = 250;
const FACTS_EVERY_MS = 60_000;
/** Revisions are never given twice: after a crash counting goes on above everything that may have been used. */
const REVISIONS_AHEAD = 10_000;
/** A disk that was full takes it the next time. */
const WRITE_AGAIN_MS = 2_000;

/** Written into each file; one of another form is not read. */
const FORMS = { revision: 1, facts: 1, policy: 2 } as const;
type Kind = keyof typeof FORMS;
interface Kept<T> {
  readonly form: number;
  readonly cluster: string;
  readonly value: T;
}

export class StateKeeper {
  readonly store: ActorStore;
  private ceiling: number;
  private isPolicyDirty = false;
  private policyTimer: NodeJS.Timeout | undefined;
  private readonly factsTimer: NodeJS.Timeout;
  private readonly failures = new Map<Kind, string>();
  private readonly again = new Map<Kind, NodeJS.Timeout>();

  constructor(
    private readonly files: StateFiles,
    private readonly options: StoreOptions,
    private readonly logger: Logger,
  ) {
    this.ceiling = Number(this.read<number>('revision') ?? 0);
    this.store = this.restored();
    this.factsTimer = setInterval(() => void this.writeFacts(), FACTS_EVERY_MS);
  }

  /** What nobody can make anything of is left out: all of it is told again. */
  private restored(): ActorStore {
    const revision = this.ceiling;
    const policy = this.read<StoredPolicy>('policy');
    const facts = this.read<StoredFacts>('facts');
    try {
      return new ActorStore(this.options, { revision, policy, facts });
    } catch (error) {
      this.logger.error({ err: error }, 'the state on disk is not understood and is left out');
      return new ActorStore(this.options, { revision });
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

  policyChanged(): void {
    this.isPolicyDirty = true;
    this.policyTimer ??= setTimeout(() => {
      this.policyTimer = undefined;
      void this.writePolicy();
    }, POLICY_AFTER_MS);
  }

  /** After each settling: numbers must not run out of what is written down. */
  settled(): void {
    if (this.store.revision < this.ceiling - REVISIONS_AHEAD / 2) return;
    this.ceiling += REVISIONS_AHEAD;
    void this.write('revision', () => this.ceiling);
  }

  async close(): Promise<void> {
    clearTimeout(this.policyTimer);
    clearInterval(this.factsTimer);
    for (const timer of this.again.values()) clearTimeout(timer);
    await this.writePolicy();
    await this.writeFacts();
  }

  private async writePolicy(): Promise<void> {
    if (!this.isPolicyDirty) return;
    this.isPolicyDirty = false;
    const policy = this.store.storedPolicy();
    if (policy !== null) await this.write('policy', () => this.store.storedPolicy() ?? policy);
  }

  private async writeFacts(): Promise<void> {
    if (this.store.storedFacts() !== null) await this.write('facts', () => this.store.storedFacts());
  }

  /** False: it could not be written; it is tried again until it can. */
  private async write(name: Kind, value: () => unknown): Promise<boolean> {
    const { cluster } = this.options;
    clearTimeout(this.again.get(name));
    try {
      await this.files.write(name, () => ({ form: FORMS[name], cluster, value: value() }));
      if (this.failures.delete(name)) this.logger.info({ name }, 'state can be written again');
      return true;
    } catch (error) {
      if (!this.failures.has(name))
        this.logger.error({ err: error, name }, 'state could not be written: a restart would not know it');
      this.failures.set(name, error instanceof Error ? error.message : String(error));
      this.again.set(
        name,
        setTimeout(() => void this.write(name, value), WRITE_AGAIN_MS),
      );
      return false;
    }
  }

  /** Another cluster's state is nobody's. */
  private read<T>(name: Kind): T | undefined {
    const kept = this.files.read(name) as Kept<T> | undefined;
    return kept?.form === FORMS[name] && kept.cluster === this.options.cluster ? kept.value : undefined;
  }
}
