/**
 * What differs between two drafts of a rule set, rule by rule: one rule of ten thousand is said alone. A difference that is not of single
 * rules (another name, another order, very many rules) is said by the whole draft.
 */
import { isSameValue } from '@ringfence/decider';
import { RULE_LISTS } from './policy-object.js';
import type { AnyRule, PolicyObject, RuleListName, StoredRuleSet } from './policy-object.js';

/** Beyond, the whole draft is hardly longer. */
const MOST = 100;

export interface ListChanges {
  /** In the place of the rule with its id; new ones come last. */
  readonly written: readonly AnyRule[];
  readonly removed: readonly string[];
}
export type RuleChanges = Readonly<Record<RuleListName, ListChanges>>;

const byList = <V>(of: (list: RuleListName) => V): Record<RuleListName, V> =>
  Object.fromEntries(RULE_LISTS.map((list) => [list, of(list)])) as Record<RuleListName, V>;

/** Null: to be said by the whole object. What has not changed must be the very same rule (rule-stamps.ts). */
export function ruleChanges(before: PolicyObject, after: PolicyObject): RuleChanges | null {
  if (!('rules' in before && 'rules' in after)) return null;
  const rest = byList(() => []);
  if (!isSameValue({ ...before, ...rest }, { ...after, ...rest })) return null;
  const changes = byList((list) => listChanges(before[list], after[list]));
  const isSaid = Object.values(changes).every((change): change is ListChanges => change !== null);
  return isSaid && countOf(changes as RuleChanges) <= MOST ? (changes as RuleChanges) : null;
}

const countOf = (changes: RuleChanges): number =>
  Object.values(changes).reduce((sum, { written, removed }) => sum + written.length + removed.length, 0);

function listChanges(before: readonly AnyRule[], after: readonly AnyRule[]): ListChanges | null {
  const ids = new Set(after.map(({ id }) => id));
  const kept = before.filter(({ id }) => ids.has(id));
  if (kept.some(({ id }, place) => after[place]?.id !== id)) return null;
  return {
    written: after.filter((rule, place) => rule !== kept[place]),
    removed: before.flatMap(({ id }) => (ids.has(id) ? [] : [id])),
  };
}

export function withRuleChanges<S extends StoredRuleSet>(ruleSet: S, changes: RuleChanges): S {
  return { ...ruleSet, ...byList((list) => withListChanges(ruleSet[list], changes[list])) };
}

function withListChanges(rules: readonly AnyRule[], { written, removed }: ListChanges): AnyRule[] {
  const waiting = new Map(written.map((rule) => [rule.id, rule]));
  const gone = new Set(removed);
  const kept = rules.flatMap((rule) => {
    if (gone.has(rule.id)) return [];
    const instead = waiting.get(rule.id);
    waiting.delete(rule.id);
    return [instead ?? rule];
  });
  return [...kept, ...waiting.values()];
}
