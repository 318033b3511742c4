/**
 * Commit-confirm for the host's own table: after a change the agent must still reach, over new connections, whatever it
 * reached before of its control channel and the API servers, or the last good table comes back. Whoever writes a rule that
 * cuts a node off must be able to take it back.
 */
import type { DesiredTable } from '../domain/desired-tables.calculator.js';
import type { EnforcedPlace } from './enforced-place.js';

export interface HostConfirmationOptions {
  /** Which of the places that the node needs answer a new connection. */
  readonly reachable: () => Promise<readonly string[]>;
  readonly withinMs: number;
  readonly onRollback: () => void;
}

const TRY_EVERY_MS = 500;
const REJECTED_FOR_MS = 60_000;

export class HostRolledBack extends Error {
  constructor(lost: string) {
    super(`with the new host policy ${lost} could not be reached; the last good one is back`);
  }
}

export class HostConfirmation {
  private rejected:
    { readonly wish: DesiredTable; readonly lost: string; readonly until: number } | undefined;

  constructor(private readonly options: HostConfirmationOptions) {}

  async enforce(place: EnforcedPlace, wish: DesiredTable, lastGood: DesiredTable | undefined): Promise<void> {
    const { rejected } = this;
    if (rejected?.wish === wish && performance.now() < rejected.until)
      throw new HostRolledBack(rejected.lost);
    // What was away before cannot tell anything about the change.
    const before = wish.model.mode === 'idle' ? [] : await this.options.reachable();
    await place.enforce(wish);
    const lost = await this.lost(before);
    if (lost === null) return;
    this.rejected = { wish, lost, until: performance.now() + REJECTED_FOR_MS };
    await place.enforce(lastGood ?? withoutFilter(wish));
    this.options.onRollback();
    throw new HostRolledBack(lost);
  }

  /** null: everything answers again in time. */
  private async lost(before: readonly string[]): Promise<string | null> {
    const deadline = performance.now() + this.options.withinMs;
    for (;;) {
      const now = before.length === 0 ? [] : await this.options.reachable();
      const lost = before.filter((each) => !now.includes(each));
      if (lost.length === 0) return null;
      if (performance.now() > deadline) return lost.join(', ');
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}

/** Nothing was ever confirmed: the node stays as it was before us, but for the guard of its Pods. */
function withoutFilter(wish: DesiredTable): DesiredTable {
  return { ...wish, model: { ...wish.model, mode: 'idle' } };
}
