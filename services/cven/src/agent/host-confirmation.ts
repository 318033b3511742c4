/**
 * Commit-confirm for the host's own table, from both sides. After a change the agent must still reach, over new connections,
 * whatever it reached before of its control channel and the API servers; and whoever looked at the node from outside must still
 * reach what he reached before, as far as the new table lets him in. Else the last good table comes back: whoever writes a rule
 * that cuts a node off must be able to take it back.
 */
import type { Witnessed } from '@ringfence/contracts';
import type { DesiredTable } from '../domain/desired-tables.calculator.js';
import { letsIn } from '../domain/host-report.js';
import type { EnforcedPlace } from './enforced-place.js';
import { PolicyRefused } from './failure.js';

export interface HostConfirmationOptions {
  /** Which of the places that the node needs answer a new connection. */
  readonly reachable: () => Promise<readonly string[]>;
  /** What somebody outside reaches of the node now; nothing where nobody is there to ask. */
  readonly witnessed: () => Promise<Witnessed>;
  readonly withinMs: number;
  readonly onRollback: () => void;
  /** The change is in force, and nobody outside could say how the node is reached with it. */
  readonly onUnwitnessed: () => void;
}

interface Seen {
  readonly outward: readonly string[];
  readonly inward: Witnessed;
}

const TRY_EVERY_MS = 500;
const REJECTED_FOR_MS = 60_000;
const UNSEEN: Witnessed = { from: [], reached: [] };
const NOTHING: Seen = { outward: [], inward: UNSEEN };

export class HostRolledBack extends PolicyRefused {
  constructor(lost: string) {
    super({
      token: 'host_rolled_back',
      message: `with the new host policy ${lost}; the last good one is back`,
    });
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
    const drops = wish.model.mode === 'full' || wish.model.mode === 'selective';
    // What was away before cannot tell anything about the change.
    const before = wish.model.mode === 'idle' ? NOTHING : await this.look(drops);
    await place.enforce(wish);
    const expected = { ...before, inward: expectedOf(before.inward, wish) };
    if (drops && expected.inward.reached.length === 0) this.options.onUnwitnessed();
    const lost = await this.lost(expected);
    if (lost === null) return;
    this.rejected = { wish, lost, until: performance.now() + REJECTED_FOR_MS };
    await place.enforce(lastGood ?? withoutFilter(wish));
    this.options.onRollback();
    throw new HostRolledBack(lost);
  }

  private async look(isFromOutside: boolean): Promise<Seen> {
    const [outward, inward] = await Promise.all([
      this.options.reachable(),
      isFromOutside ? this.options.witnessed() : UNSEEN,
    ]);
    return { outward, inward };
  }

  /** null: everything answers again in time. */
  private async lost({ outward, inward }: Seen): Promise<string | null> {
    if (outward.length === 0 && inward.reached.length === 0) return null;
    const deadline = performance.now() + this.options.withinMs;
    for (;;) {
      const now = await this.look(inward.reached.length > 0);
      const lost = [
        ...outward
          .filter((each) => !now.outward.includes(each))
          .map((each) => `${each} could not be reached`),
        ...inward.reached
          .filter((port) => !now.inward.reached.includes(port))
          .map((port) => `port ${String(port)} of this node could not be reached from outside`),
      ];
      if (lost.length === 0) return null;
      if (performance.now() > deadline) return lost.join(', ');
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}

/** By whichever of its addresses the witness is seen, the new table must let it in: what that closes is closed as asked. */
function expectedOf({ from, reached }: Witnessed, wish: DesiredTable): Witnessed {
  const isLetIn = (port: number): boolean => from.every((address) => letsIn(wish, { address, port }));
  return { from, reached: reached.filter(isLetIn) };
}

/** Nothing was ever confirmed: the node stays as it was before us, but for the guard of its Pods. */
function withoutFilter(wish: DesiredTable): DesiredTable {
  return { ...wish, model: { ...wish.model, mode: 'idle' } };
}
