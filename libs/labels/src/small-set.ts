/**
 * A set of few, of which there are as many as there are label sets: an array while it is short, a Set of ten times that size only
 * from then on. It may be changed while somebody walks through it.
 */
const SHORT = 16;
const NOTHING: readonly never[] = [];

export class SmallSet<V> implements Iterable<V> {
  private values: readonly V[] | Set<V> = NOTHING;

  get size(): number {
    return 'size' in this.values ? this.values.size : this.values.length;
  }

  has(value: V): boolean {
    return 'size' in this.values ? this.values.has(value) : this.values.includes(value);
  }

  add(value: V): void {
    const values = this.values;
    if ('size' in values) values.add(value);
    else if (values.length === 0) this.values = [value];
    else if (!values.includes(value))
      this.values = values.length < SHORT ? values.concat([value]) : new Set(values).add(value);
  }

  /** Whether it was there. */
  delete(value: V): boolean {
    const values = this.values;
    if ('size' in values) return values.delete(value);
    const at = values.indexOf(value);
    if (at >= 0) this.values = values.length === 1 ? NOTHING : values.toSpliced(at, 1);
    return at >= 0;
  }

  [Symbol.iterator](): Iterator<V> {
    return this.values[Symbol.iterator]();
  }
}

/** To the set of the key. */
export function addTo<K, V>(map: Map<K, SmallSet<V>>, key: K, value: V): void {
  let values = map.get(key);
  if (values === undefined) map.set(key, (values = new SmallSet()));
  values.add(value);
}

/** A set in which nothing is left goes. */
export function removeFrom<K, V>(map: Map<K, SmallSet<V>>, key: K, value: V): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
