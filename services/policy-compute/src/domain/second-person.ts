/**
 * Where the organisation asks for it, nobody puts in force what he has written himself (decision 0052). Whether it does is part of the book:
 * a provision is decided on what holds at that moment, whatever was so when it was asked for.
 */
import { isSameValue, reject } from '@ringfence/decider';
import type { Decision, Rejection } from '@ringfence/decider';
import { keyText } from './policy-object.js';
import type { Entry, PolicyBook, PolicyEvent, SecondPerson } from './policy-book.js';
import type { Stamp } from './policy-object.js';

/** Whoever ended it is bound by it for so long. */
const STILL_BOUND_MS = 24 * 3_600_000;
/** More are counted. */
const MOST_NAMED = 10;

export function decideSecondPerson(
  { secondPerson }: PolicyBook,
  required: boolean,
  stamp: Stamp,
): Decision<PolicyEvent> {
  if (secondPerson.required === required) return [];
  return [{ type: 'SecondPersonChanged', data: { id: 'organisation', required, said: stamp } }];
}

/** Whether he may not provision this draft, because he wrote of it. */
export const isOwnWork = ({ secondPerson }: PolicyBook, { writers }: Entry, who: Stamp): boolean =>
  isBound(secondPerson, who) && writers.some((writer) => isSameValue(writer, who.by));

function isBound({ required, said }: SecondPerson, { at, by }: Stamp): boolean {
  if (required) return true;
  return said !== null && isSameValue(said.by, by) && Date.parse(at) < Date.parse(said.at) + STILL_BOUND_MS;
}

export function refusedAsOwnWork(book: PolicyBook, entries: readonly Entry[], who: Stamp): Rejection | null {
  const own = entries.filter((entry) => isOwnWork(book, entry, who));
  if (own.length === 0) return null;
  const named = own.slice(0, MOST_NAMED).map((entry) => {
    const name = (entry.draft ?? entry.active)?.name ?? '';
    return `"${name}" (${keyText(entry)})`;
  });
  const more = own.length > MOST_NAMED ? ` and ${String(own.length - MOST_NAMED)} more` : '';
  const why = book.secondPerson.required
    ? 'this organisation has another person provision it'
    : 'you ended the rule that another person provisions it, and are bound by it for a day';
  return reject(
    'second-person-required',
    `change_subset: you wrote of ${named.join(', ')}${more}, and ${why}; have somebody else provision it, name only what others wrote, or revert it`,
    'PERMISSION_DENIED',
  );
}
