/** Rules by their hrefs, as answers about connections show them: each with the rule set that it is in. */
import { entriesOf } from '../../domain/policy-book.js';
import type { Entry } from '../../domain/policy-book.js';
import { ruleRefs } from '@ringfence/policy-engine';
import { memberHref } from '../../objects/hrefs.js';
import { placedRules } from '../../objects/rule-sets.js';
import { showIptablesRule } from '../../objects/iptables-rules.js';
import { showDenyRule, showRule } from '../../objects/rules.js';
import { showScopes } from '../../objects/scopes.js';
import type { Body, View } from '../../objects/view.js';
import type {
  PolicyObject,
  StoredDenyRule,
  StoredIptablesRule,
  StoredRule,
} from '../../domain/policy-object.js';

export const RULE_TYPES = ['sec_rules', 'deny_rules', 'override_deny_rules', 'ip_tables_rules'] as const;
export type RuleType = (typeof RULE_TYPES)[number];

export interface ShownRule {
  readonly type: RuleType;
  /** As verdicts name it, whatever form is shown. */
  readonly ref: string;
  readonly rule: StoredRule | StoredDenyRule | StoredIptablesRule;
  readonly body: Body;
}

/** Every rule of the form that the view shows; what is marked for deletion is not there any more. */
export function* rulesShown(view: View): Generator<ShownRule> {
  for (const entry of entriesOf(view.book, 'rule_sets')) {
    const object = view.pversion === 'draft' ? entry.draft : entry.active;
    if (object !== null) yield* rulesIn(object, entry, view);
  }
}

function* rulesIn(
  object: PolicyObject<'rule_sets'>,
  entry: Entry<'rule_sets'>,
  view: View,
): Generator<ShownRule> {
  const { touched } = entry;
  const inSet = {
    rule_set: {
      href: memberHref(entry, view.pversion),
      name: object.name,
      enabled: object.enabled,
      scopes: showScopes(object.scopes.length === 0 ? [[]] : object.scopes, view),
    },
  };
  const standing = <R extends { readonly updateType: string | null }>(placed: readonly R[]): R[] =>
    placed.filter(({ updateType }) => updateType !== 'delete');
  for (const placed of standing(placedRules({ object, entry }, view, 'rules'))) {
    const { rule } = placed;
    const body = { ...showRule(placed, view, touched), ...inSet };
    yield { type: 'sec_rules', ref: ruleRefs.rule(object.id, rule.id), rule, body };
  }
  for (const placed of standing(placedRules({ object, entry }, view, 'denyRules'))) {
    const { rule } = placed;
    const type = rule.override ? 'override_deny_rules' : 'deny_rules';
    const body = { ...showDenyRule(placed, view, touched), ...inSet };
    yield { type, ref: ruleRefs.denyRule(object.id, rule.id), rule, body };
  }
  for (const placed of standing(placedRules({ object, entry }, view, 'iptablesRules'))) {
    const body: Body = { ...showIptablesRule(placed, view, touched), ...inSet };
    yield { type: 'ip_tables_rules', ref: String(body['href']), rule: placed.rule, body };
  }
}
