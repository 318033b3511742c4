/** What follows from an object alone, found out once: objects of policy are replaced, never changed. */
export function perObject<T extends object, V>(find: (object: T) => V): (object: T) => V {
  const found = new WeakMap<T, { readonly value: V }>();
  return (object) => {
    let known = found.get(object);
    if (known === undefined) found.set(object, (known = { value: find(object) }));
    return known.value;
  };
}
