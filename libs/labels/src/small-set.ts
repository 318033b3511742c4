/**
 * A set of few, of which there are as many as there are label sets: nothing but the value while that is alone, an array while it is
 * short, a Set of ten times that size only from then on. It may be changed while somebody walks through it.
 */
const SHORT = 16;
/** A longer array grows where it is: it makes room for sixteen others, which is dear where there are few, and copying each time where there are ten. */
const COPIED = 4;
const NOTHING: never[] = [];

export class SmallSet<V extends NonNullable<unknown>> implements Iterable<V> {
  private alone: V | undefined;
  /** Empty while one is alone. */
  private values: V[] | Set<V> = NOTHING;

  get size(): number {
    if (this.alone !== undefined) return 1;
    return 'size' in this.values ? this.values.size : this.values.length;
  }

  has(value: V): boolean {
    if (this.alone !== undefined) return this.alone === value;
    return 'size' in this.values ? this.values.has(value) : this.values.includes(value);
  }

  add(value: V): void {
    const { alone, values } = this;
    if (alone !== undefined) this.join(alone, value);
    else if ('size' in values) values.add(value);
    else if (values.length === 0) this.alone = value;
    else if (!values.includes(value)) this.values = withOneMore(values, value);
  }

  /** Whether it was there. */
  delete(value: V): boolean {
    const { alone, values } = this;
    if (alone !== undefined) {
      if (alone === value) this.alone = undefined;
      return alone === value;
    }
    if ('size' in values) return values.delete(value);
    const at = values.indexOf(value);
    if (at >= 0) this.values = values.toSpliced(at, 1);
    return at >= 0;
  }

  [Symbol.iterator](): Iterator<V> {
    const values = this.alone === undefined ? this.values : [this.alone];
    return values[Symbol.iterator]();
  }

  /** As walking through it is, without an iterator: hundreds of thousands of times with one value each. */
  forEach(visit: (value: V) => void): void {
    if (this.alone !== undefined) visit(this.alone);
    else for (const value of this.values) visit(value);
  }

  private join(alone: V, value: V): void {
    if (alone === value) return;
    this.alone = undefined;
    this.values = [alone, value];
  }
}

function withOneMore<V>(values: V[], value: V): V[] | Set<V> {
  if (values.length < COPIED) return values.concat([value]);
  if (values.length >= SHORT) return new Set(values).add(value);
  values.push(value);
  return values;
}

/** To the set of the key. */
export function addTo<K, V extends NonNullable<unknown>>(map: Map<K, SmallSet<V>>, key: K, value: V): void {
  let values = map.get(key);
  if (values === undefined) map.set(key, (values = new SmallSet()));
  values.add(value);
}

/** A set in which nothing is left goes. */
export function removeFrom<K, V extends NonNullable<unknown>>(
  map: Map<K, SmallSet<V>>,
  key: K,
  value: V,
): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
