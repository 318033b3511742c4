/**
 * Commit-confirm for the host's own table, from both sides. After a change the agent must still reach, over new connections,
 * whatever it reached before of its control channel and the API servers; and whoever looked at the node from outside must still
 * reach what he reached before, as far as the new table lets him in. Else the last good table comes back: whoever writes a rule
 * that cuts a node off must be able to take it back. What was reached before is on disk until then: whoever is killed in between
 * leaves the next agent a node of which nothing can be reached any more.
 */
import { Witnessed } from '@ringfence/contracts';
import type { StateFile } from '@ringfence/edge';
import { z } from 'zod';
import type { DesiredTable } from '../domain/desired-tables.calculator.js';
import { letsInWitness } from '../domain/host-report.js';
import type { EnforcedPlace } from './enforced-place.js';
import { PolicyRefused } from './failure.js';

export interface HostConfirmationOptions {
  /** Which of the places that the node needs answer a new connection. */
  readonly reachable: () => Promise<readonly string[]>;
  /** What somebody outside reaches of the node now; nothing where nobody is there to ask. */
  readonly witnessed: () => Promise<Witnessed>;
  /** How the node was reached before a change of which nobody knows yet how it is reached now. */
  readonly unconfirmed: Pick<StateFile<HostSeen>, 'read' | 'write' | 'remove'>;
  readonly withinMs: number;
  readonly onRollback: () => void;
  /** A change goes on where the disk does not take what was seen before it. */
  readonly onUnkept: (error: unknown) => void;
  /** The change is in force, and nobody outside could say how the node is reached with it. */
  readonly onUnwitnessed: () => void;
}

export const HostSeen = z.object({ outward: z.array(z.string()), inward: Witnessed });
export type HostSeen = z.infer<typeof HostSeen>;

const TRY_EVERY_MS = 500;
const REJECTED_FOR_MS = 60_000;
const UNSEEN: Witnessed = { from: [], reached: [] };
const NOTHING: HostSeen = { outward: [], inward: UNSEEN };

class HostRolledBack extends PolicyRefused {
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
    const before = wish.model.mode === 'idle' ? NOTHING : await this.lookBefore(drops);
    await place.enforce(wish);
    const expected = { ...before, inward: expectedOf(before.inward, wish) };
    if (drops && expected.inward.reached.length === 0) this.options.onUnwitnessed();
    const lost = await this.lost(expected);
    if (lost === null) return this.options.unconfirmed.remove();
    this.rejected = { wish, lost, until: performance.now() + REJECTED_FOR_MS };
    await place.enforce(lastGood ?? withoutFilter(wish));
    this.options.unconfirmed.remove();
    this.options.onRollback();
    throw new HostRolledBack(lost);
  }

  private async lookBefore(drops: boolean): Promise<HostSeen> {
    const { unconfirmed } = this.options;
    const before = unconfirmed.read();
    if (before !== undefined) return before;
    const seen = await this.look(drops);
    try {
      if (drops) unconfirmed.write(seen);
    } catch (error) {
      this.options.onUnkept(error);
    }
    return seen;
  }

  private async look(isFromOutside: boolean): Promise<HostSeen> {
    const [outward, inward] = await Promise.all([
      this.options.reachable(),
      isFromOutside ? this.options.witnessed() : UNSEEN,
    ]);
    return { outward: [...outward], inward };
  }

  /** null: everything answers again in time. */
  private async lost({ outward, inward }: HostSeen): Promise<string | null> {
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
  return { from, reached: reached.filter((port) => letsInWitness(wish, from, port)) };
}

/** Nothing was ever confirmed: the node stays as it was before us, but for the guard of its Pods. */
function withoutFilter(wish: DesiredTable): DesiredTable {
  return { ...wish, model: { ...wish.model, mode: 'idle' } };
}
