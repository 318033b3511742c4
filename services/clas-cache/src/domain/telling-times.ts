/** When each node was told what it has not acknowledged yet. Milliseconds since the epoch. */

interface Telling {
  revision: number;
  readonly at: number;
}

/** Beyond this the newest is counted with the one before it: its node then waits for longer, never for less, than it should. */
const MOST_TELLINGS = 64;

export class TellingTimes {
  private readonly open = new Map<string, Telling[]>();
  private readonly newestTold = new Map<string, number>();
  /** Highest that it ever had: a repeat of that is nothing to wait for. */
  private readonly newestAcknowledged = new Map<string, number>();

  told(node: string, revision: number, at: number): void {
    const open = this.open.get(node) ?? [];
    this.open.set(node, open);
    this.newestTold.set(node, Math.max(revision, this.newest(node)));
    if (revision <= (this.newestAcknowledged.get(node) ?? -1)) return;
    const newest = open.at(-1);
    if (newest !== undefined && newest.revision >= revision) return;
    if (newest !== undefined && open.length >= MOST_TELLINGS) newest.revision = revision;
    else open.push({ revision, at });
  }

  acknowledged(node: string, revision: number): void {
    this.newestAcknowledged.set(node, Math.max(revision, this.newestAcknowledged.get(node) ?? -1));
    const open = this.open.get(node) ?? [];
    const behind = open.findIndex((telling) => telling.revision > revision);
    open.splice(0, behind < 0 ? open.length : behind);
  }

  /** The last revision that it was told; 0: none. */
  newest(node: string): number {
    return this.newestTold.get(node) ?? 0;
  }

  oldestUnacknowledged(node: string): number | undefined {
    return this.open.get(node)?.[0]?.at;
  }

  forget(node: string): void {
    this.open.delete(node);
    this.newestTold.delete(node);
    this.newestAcknowledged.delete(node);
  }
}
