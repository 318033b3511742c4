/**
 * Commit-confirm for the host's own table: after a change the agent must still reach its control channel over new
 * connections, or the last good table comes back. Whoever writes a rule that cuts a node off must be able to take it back.
 */
import type { DesiredTable } from '../domain/desired-tables.calculator.js';
import type { EnforcedPlace } from './enforced-place.js';

export interface HostConfirmationOptions {
  /** A new connection to every part of the control channel works. */
  readonly isReachable: () => Promise<boolean>;
  readonly withinMs: number;
  readonly onRollback: () => void;
}

const TRY_EVERY_MS = 500;
const REJECTED_FOR_MS = 60_000;

export class HostRolledBack extends Error {
  constructor() {
    super('with the new host policy the control channel could not be reached; the last good one is back');
  }
}

export class HostConfirmation {
  private rejected: { readonly wish: DesiredTable; readonly until: number } | undefined;

  constructor(private readonly options: HostConfirmationOptions) {}

  async enforce(place: EnforcedPlace, wish: DesiredTable, lastGood: DesiredTable | undefined): Promise<void> {
    if (this.rejected?.wish === wish && performance.now() < this.rejected.until) throw new HostRolledBack();
    // A channel that was away before cannot tell anything about the change.
    const wasReachable = wish.model.mode !== 'idle' && (await this.options.isReachable());
    await place.enforce(wish);
    if (!wasReachable || (await this.isConfirmed())) return;
    this.rejected = { wish, until: performance.now() + REJECTED_FOR_MS };
    await place.enforce(lastGood ?? withoutFilter(wish));
    this.options.onRollback();
    throw new HostRolledBack();
  }

  private async isConfirmed(): Promise<boolean> {
    const deadline = performance.now() + this.options.withinMs;
    while (!(await this.options.isReachable())) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
    return true;
  }
}

/** Nothing was ever confirmed: the node stays as it was before us, but for the guard of its Pods. */
function withoutFilter(wish: DesiredTable): DesiredTable {
  return { ...wish, model: { ...wish.model, mode: 'idle' } };
}
