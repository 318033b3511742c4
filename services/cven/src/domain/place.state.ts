/**
 * What is known of our table in one network namespace, as one value, and how each thing that happens to it changes that.
 * Pure and total: every event has an answer in every state; where it makes no sense, the answer is to look again.
 *
 *   unseen ──looked──▶ no-table ──sent──▶ loading ──committed──▶ in-force ──rotated, read, learned──▶ in-force
 *     ▲                not-ours ──sent──▶    │                      │
 *     └──── doubted, from anywhere ──────────┴──────failed──▶ error ─┴──── let-go, from anywhere ──▶ removed
 *
 * A half of the flow sets that was retired but not read exists only as part of a table: it cannot outlive one.
 */
import { hasTable, isEnforced } from '@ringfence/firewall';
import type { Change, FirewallModel, FoundObjects, Half } from '@ringfence/firewall';
import type { TableContents } from '../kernel/port/kernel.port.js';
import type { DesiredTable } from './desired-tables.calculator.js';

/** Written under `policy`; nobody writes it any more, and nobody has read it. */
export interface RetiredHalf {
  readonly half: Half;
  readonly policy: DesiredTable;
  readonly failedReads: number;
}

export interface TableInForce {
  readonly kind: 'in-force';
  /** This very model is in the kernel. */
  readonly model: FirewallModel;
  /** Whose flows are being counted. */
  readonly policy: DesiredTable;
  /** Digest of what nft lists of it; undefined: not listed since the last change. */
  readonly listing: string | undefined;
  /** Flows that found their set full, when last read; since the table was loaded. */
  readonly overflow: number;
  readonly retired: RetiredHalf | undefined;
}

export interface NoTable {
  readonly kind: 'no-table';
  /** Of the last table that was there: connections that it approved still carry it. */
  readonly generation: number | undefined;
}

/** Some table of ours, or what is left of one; `generation` as it says itself. */
export interface NotOurs {
  readonly kind: 'not-ours';
  readonly generation: number | undefined;
  /** What it counted for whoever loaded it; undefined: nothing, or nobody can tell. */
  readonly flows: FoundFlows | undefined;
}

/** Both halves of it may hold flows that nobody has read. */
export interface FoundFlows {
  /** The half that is being written. */
  readonly half: Half;
  /** Under which policy each was written, as far as anybody knows: the mode is the table's own. */
  readonly written: DesiredTable;
  readonly retired: DesiredTable;
  /** Undefined: the table can only be replaced, its flow sets with it. */
  readonly objects: FoundObjects | undefined;
}

export interface Failure {
  readonly token: string;
  readonly message: string;
}

/** What was the case when last somebody was sure; a look may find that it still is. */
type Belief = TableInForce | NoTable | NotOurs | undefined;

export type PlaceState =
  | { readonly kind: 'unseen'; readonly belief: Belief }
  | NoTable
  | NotOurs
  /** A transaction is on its way: before it or after it, never between. */
  | {
      readonly kind: 'loading';
      readonly change: Change;
      readonly policy: DesiredTable;
      readonly belief: Belief;
    }
  | TableInForce
  /** The last try failed and nothing is certain; the next one begins with a look. */
  | { readonly kind: 'error'; readonly failure: Failure; readonly belief: Belief }
  /** Nothing of ours is held open any more. */
  | { readonly kind: 'removed' };

export type PlaceEvent =
  /** A look: no table, or one with this digest; `policy` when the records on disk say that this is what it enforces. */
  | { readonly kind: 'looked'; readonly found: 'nothing' }
  | {
      readonly kind: 'looked';
      readonly found: TableContents | undefined;
      readonly listing: string;
      readonly recorded: DesiredTable | undefined;
      /** What it should be: for want of a better policy its flows are named by this one. */
      readonly desired: DesiredTable;
    }
  | { readonly kind: 'sent'; readonly change: Change; readonly policy: DesiredTable }
  | { readonly kind: 'committed' }
  /** Asked for something that is in the kernel already, in other words. */
  | { readonly kind: 'reworded'; readonly policy: DesiredTable }
  | { readonly kind: 'read'; readonly half: Half; readonly overflow: number }
  | { readonly kind: 'unreadable'; readonly half: Half }
  | { readonly kind: 'learned'; readonly listing: string }
  /** `isRefused`: the kernel said no, so what we believed of it was wrong. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly isRefused: boolean }
  | { readonly kind: 'doubted' }
  | { readonly kind: 'let-go' };

/** A half that fails again and again is given up and counted: it must not stand in the way of the policy. */
export const READS = 3;

export function nextState(state: PlaceState, event: PlaceEvent): PlaceState {
  switch (event.kind) {
    case 'looked':
      return afterLook(beliefOf(state), event);
    case 'sent':
      return { kind: 'loading', change: event.change, policy: event.policy, belief: beliefOf(state) };
    case 'committed':
      return state.kind === 'loading' ? afterCommit(state) : unsure(state);
    case 'failed':
      return {
        kind: 'error',
        failure: event.failure,
        belief: event.isRefused ? onlyItsGeneration(beliefOf(state)) : beliefOf(state),
      };
    case 'doubted':
      return state.kind === 'removed' ? state : unsure(state);
    case 'let-go':
      return { kind: 'removed' };
    default:
      return inTable(state, (table) => ofTable(table, event));
  }
}

/** What was read off a table stays read, even when meanwhile nobody is sure of the table any more. */
function inTable(state: PlaceState, change: (table: TableInForce) => TableInForce): PlaceState {
  if (state.kind === 'in-force') return change(state);
  if (!('belief' in state) || state.belief?.kind !== 'in-force') return state;
  return { ...state, belief: change(state.belief) };
}

type TableEvent = Extract<PlaceEvent, { kind: 'reworded' | 'read' | 'unreadable' | 'learned' }>;

function ofTable(table: TableInForce, event: TableEvent): TableInForce {
  const { retired } = table;
  switch (event.kind) {
    case 'reworded':
      return { ...table, policy: event.policy };
    case 'learned':
      return { ...table, listing: event.listing };
    case 'read':
      return {
        ...table,
        overflow: event.overflow,
        retired: retired?.half === event.half ? undefined : retired,
      };
    case 'unreadable': {
      if (retired?.half !== event.half) return table;
      const failedReads = retired.failedReads + 1;
      return { ...table, retired: failedReads >= READS ? undefined : { ...retired, failedReads } };
    }
  }
}

function afterLook(belief: Belief, look: Extract<PlaceEvent, { kind: 'looked' }>): PlaceState {
  if (look.found === 'nothing') return { kind: 'no-table', generation: generationOf(belief) };
  const { found, listing, recorded } = look;
  if (found === undefined) return { kind: 'not-ours', generation: generationOf(belief), flows: undefined };
  if (belief?.kind === 'in-force' && belief.listing === listing) return asFound(belief, found);
  if (recorded === undefined)
    return { kind: 'not-ours', generation: found.generation, flows: flowsOf(belief, look.desired, found) };
  const { revision, generation, half } = found;
  const model = { ...recorded.model, revision, generation, half };
  // Whoever loaded it may have ended before it had read the other half.
  const retired = isEnforced(model) ? { half: other(half), policy: recorded, failedReads: 0 } : undefined;
  return { kind: 'in-force', model, policy: recorded, listing, overflow: 0, retired };
}

function flowsOf(belief: Belief, desired: DesiredTable, found: TableContents): FoundFlows | undefined {
  const { half, mode, objects } = found;
  if (mode === 'idle') return undefined;
  const named = (policy: DesiredTable): DesiredTable => ({ ...policy, model: { ...policy.model, mode } });
  const [written, retired] = writersOf(belief, half);
  return { half, written: named(written ?? desired), retired: named(retired ?? desired), objects };
}

/** Of the half that is being written, and of the other one. */
function writersOf(belief: Belief, half: Half): readonly (DesiredTable | undefined)[] {
  if (belief?.kind !== 'in-force' || !isEnforced(belief.model)) return [];
  const { model, policy, retired } = belief;
  return model.half === half ? [policy, (retired ?? belief).policy] : [undefined, policy];
}

export const other = (half: Half): Half => (half === 0 ? 1 : 0);

/** The listing is the one that was trusted, whichever half is written: a rotation whose answer was lost took place. */
function asFound(table: TableInForce, { half }: TableContents): TableInForce {
  if (half === table.model.half || !isEnforced(table.model)) return table;
  return { ...table, model: { ...table.model, half }, retired: retiredBy(table) };
}

function afterCommit({
  change,
  policy,
  belief,
}: Extract<PlaceState, { kind: 'loading' }>): TableInForce | NoTable {
  const { model } = change;
  if (!hasTable(model)) return { kind: 'no-table', generation: generationOf(belief) };
  const before = change.kind === 'whole' || belief?.kind !== 'in-force' ? undefined : belief;
  if (before === undefined) {
    const retired = change.kind === 'takeover' ? leftBy(belief) : undefined;
    return { kind: 'in-force', model, policy, listing: undefined, overflow: 0, retired };
  }
  return {
    ...before,
    model,
    policy,
    listing: change.kind === 'rotation' ? before.listing : undefined,
    retired: model.half === before.model.half || !isEnforced(before.model) ? undefined : retiredBy(before),
  };
}

function leftBy(belief: Belief): RetiredHalf | undefined {
  const flows = belief?.kind === 'not-ours' ? belief.flows : undefined;
  return flows && { half: flows.half, policy: flows.written, failedReads: 0 };
}

function retiredBy({ model, policy }: TableInForce): RetiredHalf {
  return { half: model.half, policy, failedReads: 0 };
}

function unsure(state: PlaceState): PlaceState {
  return { kind: 'unseen', belief: beliefOf(state) };
}

function beliefOf(state: PlaceState): Belief {
  switch (state.kind) {
    case 'in-force':
    case 'no-table':
    case 'not-ours':
      return state;
    case 'unseen':
    case 'loading':
    case 'error':
      return state.belief;
    case 'removed':
      return undefined;
  }
}

function generationOf(belief: Belief): number | undefined {
  return belief?.kind === 'in-force' ? belief.model.generation : belief?.generation;
}

function onlyItsGeneration(belief: Belief): Belief {
  return belief && { kind: 'no-table', generation: generationOf(belief) };
}

/** The table that is or may be there; undefined: none, or nobody knows. */
export function tableOf(state: PlaceState): TableInForce | undefined {
  const belief = beliefOf(state);
  return belief?.kind === 'in-force' ? belief : undefined;
}

/** Flows of an interval went away with `event`, unread. */
export function losesFlows(before: PlaceState, event: PlaceEvent, after: PlaceState): boolean {
  return (
    event.kind !== 'read' &&
    // They are still to be read there.
    !(after.kind === 'not-ours' && after.flows !== undefined) &&
    tableOf(before)?.retired !== undefined &&
    tableOf(after)?.retired?.half !== tableOf(before)?.retired?.half
  );
}

/** Without a listing to compare with, only what is plainly not ours is called tampering. */
export function isPlainlyTampered(table: TableInForce, found: TableContents | undefined): boolean {
  return table.listing !== undefined || found?.generation !== table.model.generation;
}
