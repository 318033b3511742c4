/**
 * A map that never changes and is mostly another one: only what differs from their common base is its own. So one address of 64,000
 * is no copy of all, and two that came of one are compared by what differs.
 */
export class SharedMap implements Iterable<readonly [string, string]> {
  private constructor(
    private readonly base: ReadonlyMap<string, string>,
    /** Undefined: the base has it, this one has not. */
    private readonly own: ReadonlyMap<string, string | undefined>,
  ) {}

  static of(entries: ReadonlyMap<string, string>): SharedMap {
    return new SharedMap(entries, NOTHING);
  }

  get isEmpty(): boolean {
    return this[Symbol.iterator]().next().done === true;
  }

  get(key: string): string | undefined {
    return this.own.has(key) ? this.own.get(key) : this.base.get(key);
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (const entry of this.base) if (!this.own.has(entry[0])) yield entry;
    for (const [key, data] of this.own) if (data !== undefined) yield [key, data];
  }

  /** Undefined: without it. */
  with(changes: ReadonlyMap<string, string | undefined>): SharedMap {
    if (changes.size === 0) return this;
    const next = new SharedMap(this.base, new Map([...this.own, ...changes]));
    return next.own.size > Math.min(MOST_OWN, this.base.size) ? SharedMap.of(new Map(next)) : next;
  }

  /** What is here and not there, or with other data. */
  *missingFrom(other: SharedMap): Generator<readonly [string, string]> {
    const keys = this.base === other.base ? new Set([...this.own.keys(), ...other.own.keys()]) : undefined;
    for (const [key, data] of keys === undefined ? this : this.those(keys))
      if (other.get(key) !== data) yield [key, data];
  }

  private *those(keys: Iterable<string>): Generator<readonly [string, string]> {
    for (const key of keys) {
      const data = this.get(key);
      if (data !== undefined) yield [key, data];
    }
  }
}

const NOTHING: ReadonlyMap<string, undefined> = new Map();
/** With more than that it is a map of its own: each change costs what was changed before. */
const MOST_OWN = 1_024;
