/** Forms that all words of policy documents share: what is left out, how lists and scopes are written. Pure. */
import type { ActorBody, Reference } from './policy-bodies.js';

export type Body = Readonly<Record<string, unknown>>;

/** What things are called in documents, by the last part of their href: draft and active are the same. */
export interface FileNames {
  readonly services: ReadonlyMap<string, string>;
  readonly workloads: ReadonlyMap<string, string>;
  /** By href. */
  readonly labels?: ReadonlyMap<string, { readonly key: string; readonly value: string }>;
}
export const idOf = (href = ''): string => href.slice(href.lastIndexOf('/') + 1);

/** Empty texts, lists and what is as it is by itself are left out. */
export const said = (body: Body): Body =>
  Object.fromEntries(
    Object.entries(body).filter(
      ([, value]) =>
        value !== undefined &&
        value !== '' &&
        value !== null &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );

export type Side = (actors: readonly ActorBody[]) => Body | string;
export type Seen = (label: Reference) => void;

/** A scope of everybody has no words of a side. */
export function scopeWords(scope: readonly ActorBody[], side: Side): Body {
  const words = side(scope);
  return typeof words === 'string' ? {} : words;
}

/** `role: web` instead of a list of one. */
export const briefly = (words: Readonly<Record<string, readonly string[]>>): Body =>
  Object.fromEntries(
    Object.entries(words)
      .map(([key, values]) => [key, values.length === 1 ? values[0] : values.toSorted()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
