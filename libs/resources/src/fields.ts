/** Bodies of PUT change only what they name: what is `undefined` is left out, what is null or empty is a value. */
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** An absent text that clients send as "" or null. */
export const orNull = (text: string | null | undefined): string | null | undefined =>
  text === undefined ? undefined : text || null;
