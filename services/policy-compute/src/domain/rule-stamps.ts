/** Who touched each rule of a rule set when: rules have no events of their own, so it is told by comparing. */
import { isSameValue } from '@ringfence/decider';
import type { Entry } from './policy-book.js';
import type { PolicyObject, Stamp, StoredDenyRule, StoredRule, Touched } from './policy-object.js';

type AnyRule = StoredRule | StoredDenyRule;

const bare = <R extends AnyRule>({ touched: _, ...rule }: R): Omit<R, 'touched'> => rule;

function untouched(object: PolicyObject): unknown {
  if (!('rules' in object)) return object;
  return { ...object, rules: object.rules.map(bare), denyRules: object.denyRules.map(bare) };
}

export const sameRule = (a: AnyRule, b: AnyRule): boolean => isSameValue(bare(a), bare(b));

/** Whether two forms say the same, whoever touched them when. */
export const sameObject = (a: PolicyObject, b: PolicyObject): boolean =>
  isSameValue(untouched(a), untouched(b));

/** The object with each new or changed rule marked as touched now. */
export function stampRules(object: PolicyObject, before: Entry | undefined, stamp: Stamp): PolicyObject {
  if (!('rules' in object)) return object;
  return {
    ...object,
    rules: object.rules.map((rule) => ({
      ...rule,
      touched: touchedNow(rule, earlier(before, 'rules', rule.id), stamp),
    })),
    denyRules: object.denyRules.map((rule) => ({
      ...rule,
      touched: touchedNow(rule, earlier(before, 'denyRules', rule.id), stamp),
    })),
  };
}

function earlier(before: Entry | undefined, list: 'rules' | 'denyRules', id: string): AnyRule | undefined {
  const forms = [before?.draft, before?.active];
  for (const form of forms) {
    const rules: readonly AnyRule[] = form && 'rules' in form ? form[list] : [];
    const found = rules.find((rule) => rule.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function touchedNow(rule: AnyRule, before: AnyRule | undefined, stamp: Stamp): Touched {
  if (before?.touched === undefined) return { created: stamp, updated: stamp };
  return sameRule(rule, before) ? before.touched : { created: before.touched.created, updated: stamp };
}
