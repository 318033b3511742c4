/** Few of what is dear to keep: those that were used last, and none that nobody has used for a while. */
export interface Closable {
  close(): void;
}

export interface Keeping {
  readonly most: number;
  readonly forMs: number;
}

export class RecentlyUsed<Owner, Kept extends Closable> {
  /** Whoever was used last is the last one. */
  private readonly kept = new Map<Owner, { readonly value: Kept; readonly usedAt: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly keeping: Keeping) {}

  of(owner: Owner, open: () => Kept): Kept {
    const value = this.kept.get(owner)?.value ?? open();
    this.kept.delete(owner);
    this.kept.set(owner, { value, usedAt: performance.now() });
    const [oldest] = this.kept.keys();
    if (this.kept.size > this.keeping.most && oldest !== undefined) this.giveUp(oldest);
    this.timer ??= setTimeout(() => this.giveUpIdle(), this.keeping.forMs);
    return value;
  }

  giveUp(owner: Owner): void {
    this.kept.get(owner)?.value.close();
    this.kept.delete(owner);
  }

  private giveUpIdle(): void {
    const since = performance.now() - this.keeping.forMs;
    for (const [owner, { usedAt }] of this.kept) if (usedAt <= since) this.giveUp(owner);
    this.timer = this.kept.size === 0 ? undefined : setTimeout(() => this.giveUpIdle(), this.keeping.forMs);
  }
}
