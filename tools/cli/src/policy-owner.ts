/**
 * Whose an object is: a document with `owner: NAME` makes its objects NAME's, and only what is NAME's is deleted when no document names it any more.
 * Kept in the data set and reference that the API has for such. Another program's data set of the same name is not ours: its references are other ones.
 */
import { createHash } from 'node:crypto';
import type { NamedKind } from './policy-kinds.js';

export interface ExternalReference {
  readonly name: string;
  readonly external_data_set?: string | null;
  readonly external_data_reference?: string | null;
}

const LONGEST = 255;

export function referenceOf(kind: NamedKind, name: string): string {
  const plain = `policy/${kind}/${name}`;
  if (plain.length <= LONGEST) return plain;
  return `policy/${kind}/sha256:${createHash('sha256').update(name).digest('hex')}`;
}

/** `undefined`: no document's. */
export function ownerOf(kind: NamedKind, object: ExternalReference): string | undefined {
  const { external_data_set: set, external_data_reference: reference, name } = object;
  return set && reference === referenceOf(kind, name) ? set : undefined;
}

/** Whose else it is, where it is another program's. */
export function strangerOf(kind: NamedKind, object: ExternalReference): string | undefined {
  const { external_data_set: set } = object;
  return set && ownerOf(kind, object) === undefined ? set : undefined;
}
