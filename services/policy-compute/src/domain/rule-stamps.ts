/** Who touched each rule of a rule set when: rules have no events of their own, so it is told by comparing. */
import { isSameValue } from '@ringfence/decider';
import type { Entry } from './policy-book.js';
import { RULE_LISTS } from './policy-object.js';
import type { AnyRule, PolicyObject, RuleListName, Stamp } from './policy-object.js';

const bare = <R extends AnyRule>({ touched: _, ...rule }: R): Omit<R, 'touched'> => rule;

export const sameRule = (a: AnyRule, b: AnyRule): boolean => a === b || isSameValue(bare(a), bare(b));

/** Whether two forms say the same, whoever touched them when. */
export function sameObject(a: PolicyObject, b: PolicyObject): boolean {
  if (!('rules' in a && 'rules' in b)) return isSameValue(a, b);
  return (
    isSameValue(withoutRules(a), withoutRules(b)) && RULE_LISTS.every((list) => sameRules(a[list], b[list]))
  );
}

const withoutRules = ({
  rules: _,
  denyRules: __,
  iptablesRules: ___,
  ...rest
}: PolicyObject<'rule_sets'>): object => rest;

const sameRules = (a: readonly AnyRule[], b: readonly AnyRule[]): boolean =>
  a.length === b.length && a.every((rule, i) => sameRule(rule, b[i]!));

/** The object with each new or changed rule marked as touched now. */
export function stampRules(object: PolicyObject, before: Entry | undefined, stamp: Stamp): PolicyObject {
  const earlier = RULE_LISTS.map((list) => [list, rulesById(before, list)] as const);
  const byList = Object.fromEntries(earlier) as Record<RuleListName, ReadonlyMap<string, AnyRule>>;
  return withRules(object, (rule, list) => stamped(rule, byList[list].get(rule.id), stamp)) as PolicyObject;
}

function withRules(object: PolicyObject, change: (rule: AnyRule, list: RuleListName) => unknown): object {
  if (!('rules' in object)) return object;
  const lists = RULE_LISTS.map((list) => [list, object[list].map((rule) => change(rule, list))] as const);
  return { ...object, ...Object.fromEntries(lists) };
}

/** As the draft has them; those that only the active form has beside. */
function rulesById(before: Entry | undefined, list: RuleListName): ReadonlyMap<string, AnyRule> {
  const forms = [before?.active, before?.draft];
  return new Map(
    forms.flatMap((form): (readonly [string, AnyRule])[] =>
      form && 'rules' in form ? form[list].map((rule) => [rule.id, rule]) : [],
    ),
  );
}

/** What has not changed is the very same rule, so that comparing it again costs nothing. */
function stamped(rule: AnyRule, before: AnyRule | undefined, stamp: Stamp): AnyRule {
  if (before?.touched === undefined) return { ...rule, touched: { created: stamp, updated: stamp } };
  if (sameRule(rule, before)) return before;
  return { ...rule, touched: { created: before.touched.created, updated: stamp } };
}
