/**
 * One network namespace under our rules: what is in its kernel, one thing at a time, in order. Reads the flow sets of an
 * interval before the half is written again, so that no count is lost while the agent runs. Decides nothing: the
 * reconciler says what to do, the kernel port does it.
 */
import { hasTable, isEnforced, renderRemoval, renderRotation, replacement } from '@ringfence/firewall';
import type { Change, FirewallModel, Half } from '@ringfence/firewall';
import type { DesiredTable, Place } from '../domain/desired-tables.calculator.js';
import { planPlace } from '../domain/node.reconciler.js';
import type { ObservedTable } from '../domain/node.reconciler.js';
import { foundTable } from '../kernel/listing.js';
import { KernelError } from '../kernel/kernel.port.js';
import type { FlowReading, Kernel } from '../kernel/kernel.port.js';
import { listingDigest } from './table-records.js';
import type { TableRecords } from './table-records.js';

/** The flow sets of one half and the policy that was in force while they were written. */
export interface Interval {
  readonly place: Place;
  readonly policy: DesiredTable;
  readonly reading: FlowReading;
  /** Flows that found their set full in this interval. */
  readonly overflow: number;
}

export interface PlaceEvents {
  onApplied(ms: number): void;
  onInterval(interval: Interval): void;
  /** Somebody else had changed our table. */
  onHealed(place: Place): void;
  /** Something that does not stop the work. */
  onTrouble(place: Place, what: string, error: unknown): void;
}

const ATTEMPTS = 3;

export class EnforcedPlace {
  private observed: ObservedTable = { state: 'unseen' };
  private policy: DesiredTable | undefined;
  /** A half that was retired but not read yet. */
  private unread: Half | undefined;
  private trustedListing: string | undefined;
  private overflow = 0;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly place: Place,
    private readonly kernel: Kernel,
    private readonly records: TableRecords,
    private readonly events: PlaceEvents,
  ) {}

  /** Done when the kernel has it. Throws when it does not; what was there before is there still. */
  enforce(desired: DesiredTable): Promise<void> {
    return this.inTurn(async () => {
      for (let attempt = 1; ; attempt += 1) {
        const [action] = planPlace(this.place.id, desired.model, this.observed);
        if (action === undefined || action.kind === 'release') break;
        try {
          if (action.kind === 'look') await this.look(desired.model);
          else await this.apply(action.change);
        } catch (error) {
          this.observed = { state: 'unseen' };
          if (attempt >= ATTEMPTS || !isWorthAnotherTry(error)) throw error;
          this.events.onTrouble(this.place, 'a change was refused: looking again', error);
        }
      }
      this.policy = desired;
      // Nothing to look after: no need to hold on to the namespace.
      if (!hasTable(desired.model)) await this.kernel.close(this.place.netns);
    });
  }

  /** Ends an interval of flows. */
  rotate(): Promise<void> {
    return this.inTurn(async () => {
      if (this.observed.state !== 'known' || !isEnforced(this.observed.model)) return;
      try {
        await this.apply(renderRotation(this.observed.model));
      } catch (error) {
        // What should be there is not: somebody was quicker than the look for tampering.
        if (!(error instanceof KernelError) || error.code !== 'script_refused') throw error;
        await this.compareAndHeal(this.observed.model);
      }
    });
  }

  /** Somebody changed rules in this namespace: is ours still what it was? */
  inspect(): Promise<void> {
    return this.inTurn(async () => {
      if (this.observed.state === 'known') await this.compareAndHeal(this.observed.model);
    });
  }

  /** Nothing to compare with yet: tampering would still be healed, by replacing the table without a look. */
  get isUnlearned(): boolean {
    return (
      this.observed.state === 'known' && this.trustedListing === undefined && hasTable(this.observed.model)
    );
  }

  /** Keeps a listing of what we loaded, to compare with later. */
  learn(): Promise<void> {
    return this.inTurn(async () => {
      if (this.observed.state !== 'known' || !this.isUnlearned) return;
      const listing = await this.kernel.list(this.place.netns);
      this.trustedListing = listingDigest(listing);
      this.records.remember(this.recordKey, listing, this.observed.model);
    });
  }

  /** The helper was lost: what it was doing may be in the kernel or not. */
  doubt(): void {
    this.observed = { state: 'unseen' };
    this.trustedListing = undefined;
    this.unread = undefined;
  }

  /** Lets go of a namespace whose Pod has ended; the last flows are read if it is still there. */
  release(): Promise<void> {
    return this.inTurn(async () => {
      if (this.observed.state === 'known' && isEnforced(this.observed.model)) {
        await this.apply(renderRotation(this.observed.model)).catch(() => undefined);
      }
      this.records.forget(this.recordKey);
      await this.kernel.close(this.place.netns);
    });
  }

  /** Unpaired: leaves the namespace as it was before us. */
  remove(): Promise<void> {
    return this.inTurn(async () => {
      const { netns } = this.place;
      await this.kernel.apply(netns, renderRemoval());
      await this.kernel.close(netns);
      this.doubt();
      this.policy = undefined;
      this.records.forget(this.recordKey);
    });
  }

  /** The host's path names this process; its table outlives it. */
  private get recordKey(): string {
    return this.place.kind === 'host' ? this.place.id : this.place.netns;
  }

  private async compareAndHeal(model: FirewallModel): Promise<void> {
    const listing = await this.kernel.list(this.place.netns);
    const expected = this.trustedListing;
    if (expected === listingDigest(listing) || (listing === '' && !hasTable(model))) return;
    if (listing !== '') await this.readBoth(model).catch(() => undefined);
    const removal = { script: renderRemoval(), bump: false, clearMarks: false, model };
    await this.transact(hasTable(model) ? replacement(model, model) : removal);
    this.trustedListing = undefined;
    this.unread = undefined;
    this.overflow = 0;
    // Without a listing to compare with, only what is plainly not ours is called tampering.
    if (expected !== undefined || foundTable(listing)?.generation !== model.generation)
      this.events.onHealed(this.place);
  }

  private async look(desired: FirewallModel): Promise<void> {
    const { netns, kind } = this.place;
    await this.kernel.open(netns);
    const listing = await this.kernel.list(netns);
    if (listing === '') {
      // Once there is a table, conntrack learns directions by itself.
      if (hasTable(desired)) await this.adoptConnections(kind);
      this.observed = { state: 'absent' };
      return;
    }
    const found = foundTable(listing);
    this.unread = undefined;
    this.overflow = 0;
    if (found === undefined || !this.records.recognises(this.recordKey, listing, desired)) {
      this.observed = { state: 'unknown', generation: found?.generation };
      return;
    }
    const { revision, generation, half } = found;
    this.observed = { state: 'known', model: { ...desired, revision, generation, half } };
    this.trustedListing = listingDigest(listing);
  }

  private async adoptConnections(kind: Place['kind']): Promise<void> {
    try {
      await this.kernel.adoptConnections(this.place.netns);
      if (kind === 'pod') await this.kernel.trackLiberally(this.place.netns);
    } catch (error) {
      if (error instanceof KernelError && error.code !== 'kernel_error' && error.code !== 'script_refused')
        throw error;
      this.events.onTrouble(this.place, 'older connections could not be adopted', error);
    }
  }

  private async apply(change: Change): Promise<void> {
    const from = this.observed.state === 'known' ? this.observed.model : undefined;
    if (this.unread !== undefined) await this.readRetired(this.unread);
    const disturbed = await this.transact(change);
    if (from === undefined) this.overflow = 0;
    else if (isEnforced(from) && change.model.half !== from.half) await this.readRetired(from.half);
    if (disturbed) setImmediate(() => this.inspectSoon());
  }

  /** True when somebody else had written into this namespace since our last transaction. */
  private async transact(change: Change): Promise<boolean> {
    if (change.clearMarks) await this.kernel.clearMarks(this.place.netns);
    const from = this.observed.state === 'known' ? this.observed.model : undefined;
    const { ms, disturbed } = await this.kernel.apply(this.place.netns, change.script);
    this.observed = { state: 'known', model: change.model };
    if (!isRotationOnly(from, change)) this.trustedListing = undefined;
    this.events.onApplied(ms);
    return disturbed;
  }

  private inspectSoon(): void {
    this.inspect().catch((error: unknown) =>
      this.events.onTrouble(this.place, 'a table could not be inspected', error),
    );
  }

  /** A half that cannot be read now is tried again before it would be written over. */
  private async readRetired(half: Half): Promise<void> {
    this.unread = half;
    const reading = await this.kernel.readFlows(this.place.netns, half);
    this.unread = undefined;
    if (this.policy === undefined) return;
    const overflow = reading.overflow >= this.overflow ? reading.overflow - this.overflow : reading.overflow;
    this.overflow = reading.overflow;
    this.events.onInterval({ place: this.place, policy: this.policy, reading, overflow });
  }

  /** Before a table is replaced whole: its flow sets go with it. */
  private async readBoth(model: FirewallModel): Promise<void> {
    if (!isEnforced(model)) return;
    if (this.unread !== undefined) await this.readRetired(this.unread);
    await this.readRetired(model.half);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof KernelError && error.code !== 'namespace_gone';
}

function isRotationOnly(from: FirewallModel | undefined, { model }: Change): boolean {
  return (
    from !== undefined &&
    model.generation === from.generation &&
    model.peers === from.peers &&
    model.ingress === from.ingress
  );
}
