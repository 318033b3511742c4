/**
 * From what one node was told with which revision, until it acknowledges it. What it acknowledges later proves all that was told
 * before; what it takes back, by acknowledging an older revision, is not proven any more.
 */
import type { PolicyStamp } from '@ringfence/contracts';

interface Telling {
  revision: number;
  stamp: PolicyStamp;
}

/** Beyond this the newest is told with the one before it: that takes longer to be proven, and never less. */
const MOST_OPEN = 64;

export class ToldStamps {
  /** Oldest first; the first one was acknowledged, as far as `proven` says so. */
  private readonly tellings: Telling[] = [];

  told(revision: number, stamp: PolicyStamp): void {
    const newest = this.tellings.at(-1);
    // Nothing of it was the node's to be told: it has it with what it was told before.
    if (newest?.revision === revision) newest.stamp = stamp;
    else if (newest !== undefined && this.tellings.length >= MOST_OPEN)
      Object.assign(newest, { revision, stamp });
    else this.tellings.push({ revision, stamp });
  }

  /** What a node that has acknowledged this revision last has in its kernel; null: not known. */
  inForce(acknowledged: number): PolicyStamp | null {
    const after = this.tellings.findIndex(({ revision }) => revision > acknowledged);
    const proven = (after < 0 ? this.tellings.length : after) - 1;
    if (proven < 0) return null;
    this.tellings.splice(0, proven);
    return this.tellings[0]?.stamp ?? null;
  }
}
