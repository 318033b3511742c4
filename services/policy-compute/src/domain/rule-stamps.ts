/** Who touched each rule of a rule set when: rules have no events of their own, so it is told by comparing. */
import { isSameValue } from '@ringfence/decider';
import type { Entry } from './policy-book.js';
import { RULE_LISTS } from './policy-object.js';
import type { AnyRule, PolicyObject, RuleListName, Stamp, Touched } from './policy-object.js';

const bare = <R extends AnyRule>({ touched: _, ...rule }: R): Omit<R, 'touched'> => rule;

const untouched = (object: PolicyObject): unknown => withRules(object, (rule) => bare(rule));

export const sameRule = (a: AnyRule, b: AnyRule): boolean => isSameValue(bare(a), bare(b));

/** Whether two forms say the same, whoever touched them when. */
export const sameObject = (a: PolicyObject, b: PolicyObject): boolean =>
  isSameValue(untouched(a), untouched(b));

/** The object with each new or changed rule marked as touched now. */
export const stampRules = (object: PolicyObject, before: Entry | undefined, stamp: Stamp): PolicyObject =>
  withRules(object, (rule, list) => ({
    ...rule,
    touched: touchedNow(rule, earlier(before, list, rule.id), stamp),
  })) as PolicyObject;

function withRules(object: PolicyObject, change: (rule: AnyRule, list: RuleListName) => unknown): object {
  if (!('rules' in object)) return object;
  const lists = RULE_LISTS.map((list) => [list, object[list].map((rule) => change(rule, list))] as const);
  return { ...object, ...Object.fromEntries(lists) };
}

function earlier(before: Entry | undefined, list: RuleListName, id: string): AnyRule | undefined {
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
