/** A list with one more: a short one is copied, because `push` and `[...list, value]` make room for sixteen others, and there are hundreds of thousands. */
const SHORT = 8;

export function appended<V>(list: V[], value: V): V[] {
  if (list.length < SHORT) return list.concat([value]);
  list.push(value);
  return list;
}
