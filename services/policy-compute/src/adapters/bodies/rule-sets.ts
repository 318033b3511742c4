/** Rule sets: bodies ⇄ domain, with the rules that travel with them. */
import { RuleSetCreate, RuleSetUpdate } from '@ringfence/contracts';
import type { ScopeEntry, ScopeEntryBody } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import type { Entry } from '../../domain/policy-book.js';
import type {
  PolicyObject,
  StoredDenyRule,
  StoredRule,
  Touched,
  UpdateType,
} from '../../domain/policy-object.js';
import { sameRule } from '../../domain/rule-stamps.js';
import { idOf, ruleIdOf } from '../hrefs.js';
import { denyRuleFrom, emptyDenyRule, emptyRule, ruleFrom, showDenyRule, showRule } from './rules.js';
import type { PlacedRule } from './rules.js';
import { showLabel, showLabelGroup } from './rule-sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf } from './view.js';
import type { Body, View } from './view.js';

/** Hands out ids for rules that are new; as many as `newRulesIn` says must be there. */
export interface RuleIds {
  readonly rules: string[];
  readonly denyRules: string[];
}

/** How many ids a body needs. */
export function newRulesIn(body: unknown): { rules: number; denyRules: number } {
  const { rules, deny_rules: denyRules } = body as {
    rules?: { href?: string }[] | null;
    deny_rules?: { href?: string }[] | null;
  };
  const fresh = (list: { href?: string }[] | null | undefined): number =>
    (list ?? []).filter((rule) => rule.href === undefined).length;
  return { rules: fresh(rules), denyRules: fresh(denyRules) };
}

export function ruleSetFrom(
  given: unknown,
  before: PolicyObject<'rule_sets'> | null,
  id: string,
  ids: RuleIds,
): PolicyObject<'rule_sets'> {
  const body: RuleSetUpdate = before === null ? RuleSetCreate.parse(given) : RuleSetUpdate.parse(given);
  const { extras: kept, ...base } = before ?? {
    id,
    name: '',
    description: '',
    enabled: true,
    scopes: [],
    rules: [],
    denyRules: [],
  };
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.scopes !== undefined && { scopes: scopesOf(body.scopes) }),
    ...(body.rules && { rules: rulesFrom(body.rules, base.rules, ids.rules) }),
    ...(body.deny_rules && { denyRules: denyRulesFrom(body.deny_rules, base.denyRules, ids.denyRules) }),
    ...extrasOf(body, EXTERNAL_REFERENCE, kept),
  };
}

/** The list given is the list that is; what an entry with an href does not name stays as it was. */
function rulesFrom(
  bodies: NonNullable<RuleSetUpdate['rules']>,
  before: readonly StoredRule[],
  ids: string[],
): StoredRule[] {
  return bodies.map(({ href, ...body }) => {
    if (href === undefined) return ruleFrom(body, emptyRule(ids.shift()!));
    return ruleFrom(body, known(before, ruleIdOf(href, 'sec_rules'), 'rules'));
  });
}

function denyRulesFrom(
  bodies: NonNullable<RuleSetUpdate['deny_rules']>,
  before: readonly StoredDenyRule[],
  ids: string[],
): StoredDenyRule[] {
  return bodies.map(({ href, ...body }) => {
    if (href === undefined) return denyRuleFrom(body, emptyDenyRule(ids.shift()!));
    return denyRuleFrom(body, known(before, ruleIdOf(href, 'deny_rules'), 'deny_rules'));
  });
}

function known<R extends { readonly id: string }>(rules: readonly R[], id: string, field: string): R {
  const rule = rules.find((each) => each.id === id);
  if (rule === undefined) throw invalid(`${field}: rule ${id} is not in this rule set`);
  return rule;
}

/** `[[]]` and `[]` both mean everything. */
function scopesOf(scopes: readonly (readonly ScopeEntryBody[])[]): ScopeEntry[][] {
  const entries = scopes.map((scope) =>
    scope.map((entry): ScopeEntry => {
      const exclusion = entry.exclusion ?? false;
      if (entry.label) return { kind: 'label', id: idOf(entry.label.href, 'labels', 'scopes'), exclusion };
      return { kind: 'label_group', id: idOf(entry.label_group!.href, 'label_groups', 'scopes'), exclusion };
    }),
  );
  return entries.some((scope) => scope.length === 0) ? [] : entries;
}

export function showRuleSet(
  object: PolicyObject<'rule_sets'>,
  view: View,
  touched: Touched,
  entry: Entry<'rule_sets'> | null,
): Body {
  const scopes = object.scopes.length === 0 ? [[]] : object.scopes;
  return {
    name: object.name,
    description: object.description,
    enabled: object.enabled,
    scopes: scopes.map((scope) => scope.map((each) => showScopeEntry(each, view))),
    rules: placedRules(object, view, entry, 'rules').map((placed) => showRule(placed, view, touched)),
    deny_rules: placedRules(object, view, entry, 'denyRules').map((placed) =>
      showDenyRule(placed, view, touched),
    ),
    ip_tables_rules: [],
    ...externalReferenceOf(object.extras),
    caps: ['write', 'provision', 'delete'],
    ...metaOf(touched),
  };
}

function showScopeEntry(entry: ScopeEntry, view: View): Body {
  const named =
    entry.kind === 'label'
      ? { label: showLabel(entry.id, view) }
      : { label_group: showLabelGroup(entry.id, view) };
  return { ...named, exclusion: entry.exclusion };
}

/**
 * The rules of one form. A draft also shows those that its deletion would take away, marked: they are active until then.
 * `entry` is null for an older version.
 */
export function placedRules<L extends 'rules' | 'denyRules'>(
  object: PolicyObject<'rule_sets'>,
  view: View,
  entry: Entry<'rule_sets'> | null,
  list: L,
): PlacedRule<PolicyObject<'rule_sets'>[L][number]>[] {
  type AnyRule = PolicyObject<'rule_sets'>[L][number];
  const rules: readonly AnyRule[] = object[list];
  const placed = (rule: AnyRule, updateType: UpdateType | null): PlacedRule<AnyRule> => ({
    ruleSet: object.id,
    rule,
    updateType,
  });
  if (view.pversion !== 'draft' || entry === null) return rules.map((rule) => placed(rule, null));
  const active: readonly AnyRule[] = entry.active?.[list] ?? [];
  if (entry.draft === null) return active.map((rule) => placed(rule, 'delete'));
  const gone = active.filter((rule) => !rules.some((each) => each.id === rule.id));
  return [
    ...rules.map((rule) => placed(rule, changeOf(rule, active))),
    ...gone.map((rule) => placed(rule, 'delete')),
  ];
}

function changeOf(
  rule: StoredRule | StoredDenyRule,
  active: readonly (StoredRule | StoredDenyRule)[],
): UpdateType | null {
  const before = active.find((each) => each.id === rule.id);
  if (before === undefined) return 'create';
  return sameRule(before, rule) ? null : 'update';
}
