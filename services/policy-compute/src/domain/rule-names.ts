/** What people call a rule that a verdict names by its href. */
import { kindOf } from '../objects/kinds.js';
import { objectsIn } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';

/** By href: "rule set / rule", or the boundary's name. */
export function ruleNames(book: PolicyBook, form: Form): ReadonlyMap<string, string> {
  return new Map(
    [...objectsIn(book, form)].flatMap(({ type, object }) => kindOf(type).ruleNames?.(object) ?? []),
  );
}
