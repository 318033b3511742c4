/**
 * One network namespace under our rules: does in its kernel what the reconciler says, one thing at a time and in order, and
 * keeps what is known of it as one value (`place.state.ts`). Reads the flow sets of an interval before anything writes over them.
 */
import { hasTable, isEnforced, rotation } from '@ringfence/firewall';
import type { Change, Half } from '@ringfence/firewall';
import type { DesiredTable, Place } from '../domain/desired-tables.calculator.js';
import { nextStep, wholeTable } from '../domain/node.reconciler.js';
import { isPlainlyTampered, losesFlows, nextState, other, READS, tableOf } from '../domain/place.state.js';
import type { PlaceEvent, PlaceState, TableInForce } from '../domain/place.state.js';
import type { ReadMark } from '../domain/read-mark.js';
import { KernelError } from '../kernel/port/kernel.port.js';
import type { Applied, FlowReading, Kernel } from '../kernel/port/kernel.port.js';
import { failureOf, isLostOnTheWay, isRefusal, isWorthAnotherTry } from './failure.js';
import { FlowHalves } from './flow-halves.js';
import type { TableRecords } from './table-records.js';

/** The flow sets of one half and the policy that was in force while they were written. */
export interface Interval {
  readonly place: Place;
  readonly policy: DesiredTable;
  readonly reading: FlowReading;
  /** Flows that found their set full in this interval. */
  readonly overflow: number;
  readonly mark: ReadMark;
}

export interface PlaceEvents {
  onApplied(ms: number): void;
  onInterval(interval: Interval): void;
  /** The flows of an interval could not be read and are gone. */
  onFlowsLost(place: Place): void;
  /** Somebody else had changed our table. */
  onHealed(place: Place): void;
  /** Something that does not stop the work. */
  onTrouble(place: Place, what: string, error: unknown): void;
}

export interface PlaceParts {
  readonly kernel: Kernel;
  readonly records: TableRecords;
  readonly events: PlaceEvents;
  /** What an agent before this one had read last in a namespace and may not have emptied. */
  readonly lastRead: (key: string) => ReadMark | undefined;
  /** The end of what was in this namespace under the same name before. */
  readonly after?: Promise<unknown> | undefined;
}

const ATTEMPTS = 3;
/** Look, load, and as much again for each time that somebody else came between. */
const STEPS = 8;

export class EnforcedPlace {
  private current: PlaceState = { kind: 'unseen', belief: undefined };
  private turn: Promise<unknown>;
  private readonly kernel: Kernel;
  private readonly records: TableRecords;
  private readonly events: PlaceEvents;
  private readonly halves: FlowHalves;
  /** Somebody else has written into this namespace, and nobody has looked yet what. */
  private isDisturbed = false;
  private failedReads = 0;

  constructor(
    readonly place: Place,
    { kernel, records, events, lastRead, after }: PlaceParts,
  ) {
    this.kernel = kernel;
    this.records = records;
    this.events = events;
    this.turn = after ?? Promise.resolve();
    this.halves = new FlowHalves({
      kernel,
      netns: place.netns,
      key: this.recordKey,
      lastRead: lastRead(this.recordKey),
      onApplied: (applied) => this.note(applied),
    });
  }

  get state(): PlaceState {
    return this.current;
  }

  /** What is in the kernel is known; otherwise it must be brought to its policy (again). */
  get isAtRest(): boolean {
    return this.current.kind === 'in-force' || this.current.kind === 'no-table';
  }

  /** Done when the kernel has it. Throws when it does not; what was there before is there still. */
  enforce(desired: DesiredTable): Promise<void> {
    return this.inTurn(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await this.bringTo(desired);
          break;
        } catch (error) {
          this.happened({ kind: 'failed', failure: failureOf(error), isRefused: isRefusal(error) });
          if (attempt >= ATTEMPTS || !isWorthAnotherTry(error)) throw error;
          this.events.onTrouble(this.place, 'a change was refused: looking again', error);
        }
      }
      // Nothing to look after: no need to hold on to the namespace.
      if (!hasTable(desired.model)) await this.kernel.close(this.place.netns);
    });
  }

  /** Ends an interval of flows. */
  rotate(): Promise<void> {
    return this.inTurn(async () => {
      const { current } = this;
      if (current.kind !== 'in-force' || !isEnforced(current.model)) return;
      try {
        await this.load(rotation(current.model), current.policy);
      } catch (error) {
        this.doubt();
        if (!isRefusal(error)) throw error;
        // What should be there is not: somebody was quicker than the look for tampering.
        await this.compareAndHeal(current);
      }
    });
  }

  /**
   * Somebody changed rules in this namespace: is ours still what it was? True when it was not and had to be put right.
   * `isCertain`: it was our table that was changed, whether there is something to compare it with or not.
   */
  inspect(isCertain = false): Promise<boolean> {
    return this.inTurn(() =>
      this.current.kind === 'in-force'
        ? this.compareAndHeal(this.current, isCertain)
        : Promise.resolve(false),
    );
  }

  /** Nothing to compare with yet: tampering would still be healed, by replacing the table without a look. */
  get isUnlearned(): boolean {
    return this.current.kind === 'in-force' && this.current.listing === undefined;
  }

  /** Keeps a listing of what we loaded, to compare with later. */
  learn(): Promise<void> {
    return this.inTurn(async () => {
      if (this.current.kind !== 'in-force' || !this.isUnlearned) return;
      const { model } = this.current;
      const found = await this.kernel.lookAtOwn(this.place.netns);
      // Somebody was there since: the look for tampering comes first.
      if (found === undefined) return;
      const { listing } = found;
      this.happened({ kind: 'learned', listing });
      this.records.remember(this.recordKey, { listing, policy: this.kernel.fingerprint(model) });
    });
  }

  /** The helper was lost: what it was doing may be in the kernel or not. */
  doubt(): void {
    this.happened({ kind: 'doubted' });
  }

  /** Lets go of a namespace whose Pod has ended; the last flows are read if it is still there. */
  release(): Promise<void> {
    return this.inTurn(async () => {
      const { current } = this;
      if (current.kind === 'in-force' && isEnforced(current.model))
        await this.load(rotation(current.model), current.policy).catch(() => undefined);
      this.happened({ kind: 'let-go' });
      this.records.forget(this.recordKey);
      await this.kernel.close(this.place.netns);
    });
  }

  /** Unpaired: leaves the namespace as it was before us. */
  remove(): Promise<void> {
    return this.inTurn(async () => {
      const { netns } = this.place;
      await this.kernel.remove(netns);
      this.happened({ kind: 'let-go' });
      this.records.forget(this.recordKey);
      await this.kernel.close(netns);
    });
  }

  /** The host's path names this process; its table outlives it. */
  private get recordKey(): string {
    return this.place.kind === 'host' ? this.place.id : this.place.netns;
  }

  private happened(event: PlaceEvent): void {
    const before = this.current;
    this.current = nextState(before, event);
    if (losesFlows(before, event, this.current)) this.events.onFlowsLost(this.place);
  }

  private async bringTo(desired: DesiredTable): Promise<void> {
    for (let step = 1; step <= STEPS; step += 1) {
      const next = nextStep(this.current, desired.model);
      if (next.kind === 'done') return this.happened({ kind: 'reworded', policy: desired });
      if (next.kind === 'look') await this.look(desired);
      else await this.load(next.change, desired);
    }
    throw new KernelError(
      'kernel_error',
      'the namespace did not come to rest: it is changed again and again',
    );
  }

  private async look(desired: DesiredTable): Promise<void> {
    const { netns } = this.place;
    await this.kernel.open(netns);
    const found = await this.kernel.look(netns);
    if (found === undefined) return this.happened({ kind: 'looked', found: 'nothing' });
    const { listing, contents } = found;
    const policy = this.kernel.fingerprint(desired.model);
    const isRecorded = this.records.recognises(this.recordKey, { listing, policy });
    this.happened({
      kind: 'looked',
      found: contents,
      listing,
      recorded: isRecorded ? desired : undefined,
      desired,
    });
  }

  /** One transaction, with what must happen around it. */
  private async load(change: Change, policy: DesiredTable): Promise<void> {
    this.isDisturbed = false;
    await this.readBefore(change);
    // Once there is a table, conntrack learns directions by itself.
    if (isEnforced(change.model) && !this.isJudging()) await this.adoptConnections();
    await this.transactOrReplace(change, policy);
    await this.readRetired();
    if (this.isDisturbed) setImmediate(() => this.inspectSoon());
  }

  private isJudging(): boolean {
    const table = tableOf(this.current);
    return table !== undefined && isEnforced(table.model);
  }

  /** Whatever the change writes over, or takes away with the table, is read first. */
  private async readBefore(change: Change): Promise<void> {
    await this.readRetired();
    const { current } = this;
    if (current.kind === 'in-force' && change.kind === 'whole') await this.endLastInterval(current);
    if (current.kind !== 'not-ours' || current.flows === undefined) return;
    const { half, retired, written } = current.flows;
    await this.readFound(other(half), retired);
    if (change.kind === 'whole') await this.readFound(half, written);
  }

  private async readRetired(): Promise<void> {
    const table = tableOf(this.current);
    if (table?.retired !== undefined) await this.readHalf(table, table.retired.half);
  }

  /** What cannot be taken over is replaced, after what it holds was read. */
  private async transactOrReplace(change: Change, policy: DesiredTable): Promise<void> {
    const { current } = this;
    try {
      await this.transact(change, policy);
    } catch (error) {
      if (!isRefusal(error) || change.kind !== 'takeover' || current.kind !== 'not-ours') throw error;
      this.events.onTrouble(this.place, 'a table could not be taken over: replacing it', error);
      if (current.flows !== undefined) await this.readFound(current.flows.half, current.flows.written);
      await this.transact(wholeTable(policy.model, current.generation), policy);
    }
  }

  private async transact(change: Change, policy: DesiredTable): Promise<void> {
    if (change.clearMarks) await this.kernel.clearMarks(this.place.netns);
    this.happened({ kind: 'sent', change, policy });
    const applied = await this.kernel.apply(this.place.netns, change);
    this.note(applied);
    this.happened({ kind: 'committed' });
    this.events.onApplied(applied.ms);
  }

  private note({ disturbed }: Applied): void {
    this.isDisturbed ||= disturbed;
  }

  private async endLastInterval(table: TableInForce): Promise<void> {
    if (!isEnforced(table.model)) return;
    try {
      await this.transact(rotation(table.model), table.policy);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return; // Somebody took the sets away; what replaces the table brings new ones.
    }
    await this.readHalf(table, table.model.half);
  }

  /** A half that cannot be read now is tried again before it is written over; in the end it is given up and counted. */
  private async readHalf(table: TableInForce, half: Half): Promise<void> {
    const policy = table.retired?.half === half ? table.retired.policy : table.policy;
    try {
      await this.takeHalf(half, policy, table.overflow);
    } catch (error) {
      this.happened({ kind: 'unreadable', half });
      if (isLostOnTheWay(error)) throw error;
      this.events.onTrouble(this.place, 'flows could not be read', error);
    }
  }

  /** Of a table that somebody else has loaded, or nobody knows who. */
  private async readFound(half: Half, policy: DesiredTable): Promise<void> {
    try {
      await this.takeHalf(half, policy, 0);
      this.failedReads = 0;
    } catch (error) {
      this.failedReads += 1;
      if (isLostOnTheWay(error) && this.failedReads < READS) throw error;
      this.failedReads = 0;
      this.events.onTrouble(this.place, 'flows of an earlier table could not be read', error);
      this.events.onFlowsLost(this.place);
    }
  }

  /** In this order: what was read is written down before it goes from the kernel. */
  private async takeHalf(half: Half, policy: DesiredTable, before: number): Promise<void> {
    const taken = await this.halves.read(half);
    const { reading, mark } = taken;
    const overflow = reading.overflow >= before ? reading.overflow - before : reading.overflow;
    this.happened({ kind: 'read', half, overflow: reading.overflow });
    if (!taken.isRepeated) this.events.onInterval({ place: this.place, policy, reading, overflow, mark });
    await this.halves.empty(half, taken);
  }

  private async compareAndHeal(table: TableInForce, isCertain = false): Promise<boolean> {
    const found = await this.kernel.look(this.place.netns);
    const { listing: expected, model, policy } = table;
    if (expected !== undefined && expected === found?.listing) return false;
    if (found === undefined) await this.adoptConnections();
    else await this.readWhatIsLeft(table);
    await this.transact(wholeTable(model, model.generation), policy);
    const isTampered = isCertain || isPlainlyTampered(table, found?.contents);
    if (isTampered) this.events.onHealed(this.place);
    return isTampered;
  }

  /** Before a table that is not trusted is replaced: its flow sets go with it. */
  private async readWhatIsLeft(table: TableInForce): Promise<void> {
    if (!isEnforced(table.model)) return;
    if (table.retired !== undefined) await this.readHalf(table, table.retired.half);
    await this.readHalf(table, table.model.half);
  }

  private async adoptConnections(): Promise<void> {
    const { kind, netns } = this.place;
    try {
      await this.kernel.adoptConnections(netns);
      if (kind === 'pod') await this.kernel.trackLiberally(netns);
    } catch (error) {
      if (error instanceof KernelError && error.code !== 'kernel_error' && error.code !== 'script_refused')
        throw error;
      this.events.onTrouble(this.place, 'older connections could not be adopted', error);
    }
  }

  private inspectSoon(): void {
    this.inspect().catch((error: unknown) =>
      this.events.onTrouble(this.place, 'a table could not be inspected', error),
    );
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}
