/** How many ask for each key; what nobody asks for takes no room. */
export class Counter<K> {
  private readonly counts = new Map<K, number>();

  has(key: K): boolean {
    return this.counts.has(key);
  }

  get size(): number {
    return this.counts.size;
  }

  keys(): Iterable<K> {
    return this.counts.keys();
  }

  /** Returns how many ask for it now. */
  add(key: K, by: 1 | -1): number {
    const count = (this.counts.get(key) ?? 0) + by;
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
    return count;
  }
}
