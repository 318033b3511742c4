/** Rule sets, with the rules that travel with them. */
import type { RuleSetUpdate, ScopeEntry } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { ruleRefs } from '@ringfence/policy-engine';
import type { Entry } from '../domain/policy-book.js';
import type { PolicyObject, StoredDenyRule, StoredRule, UpdateType } from '../domain/policy-object.js';
import { sameRule } from '../domain/rule-stamps.js';
import { ruleIdOf } from './hrefs.js';
import { InvalidBody, invalid } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import {
  denyProblem,
  denyRuleFrom,
  emptyDenyRule,
  emptyRule,
  ruleFrom,
  ruleProblem,
  showDenyRule,
  showRule,
} from './rules.js';
import type { PlacedRule } from './rules.js';
import { scopesOf, scopesProblem, showScopes } from './scopes.js';
import { referencesOfActors, referencesOfSides } from './sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf } from './view.js';
import type { View } from './view.js';

const RULES_PER_RULE_SET = 5_000;
/** Deny rules and boundaries draw from one sequence. */
export const RULE_SEQUENCES = { rules: 'sec_rules', denyRules: 'deny_rules' } as const;

export const ruleSets: ObjectKind<'rule_sets'> = {
  noun: 'rule set',
  ids: { sequence: 'rule_sets' },
  notEnforced: null,
  nameTaken: 'rule-set-name-in-use',
  referenced: null,
  labelInUse: 'label_still_has_associated_rule_set',
  seeds: [],

  empty: (id) => ({ id, name: '', description: '', enabled: true, scopes: [], rules: [], denyRules: [] }),
  extras: EXTERNAL_REFERENCE,
  parts: (body: RuleSetUpdate) => ({
    [RULE_SEQUENCES.rules]: newIn(body.rules),
    [RULE_SEQUENCES.denyRules]: newIn(body.deny_rules),
  }),
  read: (body: RuleSetUpdate, before, ids) => ({
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.scopes !== undefined && { scopes: wholeScopes(body.scopes) }),
    ...(body.rules && { rules: rulesFrom(body.rules, before.rules, ids[RULE_SEQUENCES.rules]!) }),
    ...(body.deny_rules && {
      denyRules: denyRulesFrom(body.deny_rules, before.denyRules, ids[RULE_SEQUENCES.denyRules]!),
    }),
  }),
  show: ({ object, touched, entry }, view) => ({
    name: object.name,
    description: object.description,
    enabled: object.enabled,
    scopes: showScopes(object.scopes.length === 0 ? [[]] : object.scopes, view),
    rules: placedRules(object, view, entry, 'rules').map((placed) => showRule(placed, view, touched)),
    deny_rules: placedRules(object, view, entry, 'denyRules').map((placed) =>
      showDenyRule(placed, view, touched),
    ),
    ip_tables_rules: [],
    ...externalReferenceOf(object.extras),
  }),
  filters: { labels: inScope },

  normalise: (ruleSet) => rulesProblem(ruleSet) ?? ruleSet,
  references: ({ scopes, rules, denyRules }) => [
    ...scopes.flatMap(referencesOfActors),
    ...rules.flatMap(referencesOfSides),
    ...denyRules.flatMap(referencesOfSides),
  ],
  related: ['ip_lists', 'services'],
  problem: ({ scopes }, company) => scopesProblem(scopes, 'scopes', company),
  ruleNames: ({ id, name, rules, denyRules }) => [
    ...rules.map(
      (rule) => [ruleRefs.rule(id, rule.id), `${name} / ${rule.description || `rule ${rule.id}`}`] as const,
    ),
    ...denyRules.map(
      (rule) =>
        [ruleRefs.denyRule(id, rule.id), `${name} / ${rule.description || `deny rule ${rule.id}`}`] as const,
    ),
  ],
};

const newIn = (list: readonly { readonly href?: string | undefined }[] | null | undefined): number =>
  (list ?? []).filter((rule) => rule.href === undefined).length;

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
  if (rule === undefined) throw new InvalidBody(`${field}: rule ${id} is not in this rule set`);
  return rule;
}

/** `[[]]` and `[]` both mean everything. */
function wholeScopes(bodies: NonNullable<RuleSetUpdate['scopes']>): ScopeEntry[][] {
  const scopes = scopesOf(bodies, 'scopes');
  return scopes.some((scope) => scope.length === 0) ? [] : scopes;
}

/** A JSON list of lists of label hrefs: one of the scopes names all labels of one of the inner lists. */
function inScope({ scopes }: PolicyObject<'rule_sets'>, wanted: string): boolean {
  return labelLists(wanted).some((labels) =>
    (scopes.length === 0 ? [[]] : scopes).some((scope) =>
      labels.every((label) => scope.some((entry) => entry.kind === 'label' && entry.id === label)),
    ),
  );
}

function labelLists(text: string): string[][] {
  try {
    const lists = JSON.parse(text) as string[][];
    return lists.map((list) => list.map((href) => href.split('/').at(-1) ?? ''));
  } catch (error) {
    throw new InvalidBody(
      `labels: must be a JSON list of lists of label hrefs (${(error as Error).message})`,
    );
  }
}

function rulesProblem({ rules, denyRules }: PolicyObject<'rule_sets'>): Rejection | null {
  if (rules.length + denyRules.length > RULES_PER_RULE_SET)
    return invalid(`rules: a rule set holds at most ${RULES_PER_RULE_SET} rules`);
  for (const rule of rules) {
    const problem = ruleProblem(rule);
    if (problem !== null) return problem;
  }
  for (const rule of denyRules) {
    const problem = denyProblem(rule);
    if (problem !== null) return problem;
  }
  return null;
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
