/** The name of a class: a number made of its groups' names, in the text of nft for a traffic class. */

/** Of whoever is in no group. */
export const NO_CLASS = 'none';

/** Not 0, which is nobody's, and nothing that nft has a word for. */
const LAST_CLASS = 0xfffe_fffe;

/** Sorted groups: two addresses of the same class have the very same one. */
export type Membership = readonly string[];

export const textOf = (groups: Membership): string => groups.join(' ');

/** The name of most; where two would share one, the next number is the other's. */
export function plainName(groups: Membership): string {
  return classText(fingerprint(textOf(groups)));
}

export interface ClassNames {
  readonly names: ReadonlyMap<Membership, string>;
  /** No two would have shared one: then a class can come or go without another one's name changing. */
  readonly arePlain: boolean;
}

export function namedClasses(memberships: Iterable<Membership>): ClassNames {
  const distinct = [...memberships].map((groups) => [textOf(groups), groups] as const);
  distinct.sort(([a], [b]) => (a < b ? -1 : 1));
  const taken = new Set<number>();
  let arePlain = true;
  const named = distinct.map(([text, groups]): [Membership, string] => {
    let number = fingerprint(text);
    arePlain &&= !taken.has(number);
    while (taken.has(number)) number = (number % LAST_CLASS) + 1;
    taken.add(number);
    return [groups, classText(number)];
  });
  return { names: new Map(named), arePlain };
}

/** FNV-1a. */
export function fingerprint(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return ((hash >>> 0) % LAST_CLASS) + 1;
}

function classText(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}
