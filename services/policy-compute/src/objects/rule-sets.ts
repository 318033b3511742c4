/** Rule sets, with the rules that travel with them. */
import { RULES_PER_RULE_SET_MAX } from '@ringfence/contracts';
import type { RuleSetUpdate, ScopeEntry } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { ruleRefs } from '@ringfence/policy-engine';
import type { AnyRule, PolicyObject, RuleListName, UpdateType } from '../domain/policy-object.js';
import { sameRule } from '../domain/rule-stamps.js';
import { ruleIdOf } from './hrefs.js';
import type { RuleCollection } from './hrefs.js';
import { InvalidBody, invalid } from './invalid.js';
import { emptyIptablesRule, iptablesProblem, iptablesRuleFrom, showIptablesRule } from './iptables-rules.js';
import type { ObjectKind, PartIds, Shown } from './object-kind.js';
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
import { ANY } from './ip-lists.js';
import { ALL_SERVICES } from './services.js';
import { scopesOf, scopesProblem, showScopes } from './scopes.js';
import { referencesOfActors, referencesOfSides } from './sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf } from './view.js';
import type { View } from './view.js';
import { labelLists } from './wanted.js';

/** Deny rules and boundaries draw from one sequence. */
export const RULE_SEQUENCES = {
  rules: 'sec_rules',
  denyRules: 'deny_rules',
  iptablesRules: 'ip_tables_rules',
} as const satisfies Record<RuleListName, RuleCollection>;

/** What clients look for by its name. Its rule would let everything out that nobody allowed: here it waits to be enabled. */
const DEFAULT: PolicyObject<'rule_sets'> = {
  id: '1',
  name: 'Default',
  description: '',
  enabled: true,
  scopes: [],
  rules: [
    {
      ...emptyRule('1'),
      enabled: false,
      description: 'Allow outbound connections',
      providers: [{ kind: 'ip_list', id: ANY.id }],
      consumers: [{ kind: 'ams' }],
      services: [{ kind: 'service', id: ALL_SERVICES.id }],
    },
  ],
  denyRules: [],
  iptablesRules: [],
};

export const ruleSets: ObjectKind<'rule_sets'> = {
  noun: 'rule set',
  ids: { sequence: 'rule_sets' },
  nameTaken: 'rule-set-name-in-use',
  referenced: null,
  labelInUse: 'label_still_has_associated_rule_set',
  seeds: [DEFAULT],
  seedsAre: 'as-others',

  empty: (id) => ({
    id,
    name: '',
    description: '',
    enabled: true,
    scopes: [],
    rules: [],
    denyRules: [],
    iptablesRules: [],
  }),
  extras: EXTERNAL_REFERENCE,
  parts: (body: RuleSetUpdate) => ({
    [RULE_SEQUENCES.rules]: newIn(body.rules),
    [RULE_SEQUENCES.denyRules]: newIn(body.deny_rules),
    [RULE_SEQUENCES.iptablesRules]: newIn(body.ip_tables_rules),
  }),
  read: (body: RuleSetUpdate, before, ids) => ({
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.scopes !== undefined && { scopes: wholeScopes(body.scopes) }),
    ...(body.rules && { rules: rulesFrom(body.rules, before.rules, ids, READING.rules) }),
    ...(body.deny_rules && {
      denyRules: rulesFrom(body.deny_rules, before.denyRules, ids, READING.denyRules),
    }),
    ...(body.ip_tables_rules && {
      iptablesRules: rulesFrom(body.ip_tables_rules, before.iptablesRules, ids, READING.iptablesRules),
    }),
  }),
  show: ({ object, touched, entry }, view) => ({
    name: object.name,
    description: object.description,
    enabled: object.enabled,
    scopes: showScopes(object.scopes.length === 0 ? [[]] : object.scopes, view),
    rules: placedRules({ object, entry }, view, 'rules').map((placed) => showRule(placed, view, touched)),
    deny_rules: placedRules({ object, entry }, view, 'denyRules').map((placed) =>
      showDenyRule(placed, view, touched),
    ),
    ip_tables_rules: placedRules({ object, entry }, view, 'iptablesRules').map((placed) =>
      showIptablesRule(placed, view, touched),
    ),
    ...externalReferenceOf(object.extras),
  }),
  filters: { labels: inScope },

  normalise: (ruleSet) => rulesProblem(ruleSet) ?? ruleSet,
  references: ({ scopes, rules, denyRules, iptablesRules }) => [
    ...scopes.flatMap(referencesOfActors),
    ...iptablesRules.flatMap(({ actors }) => referencesOfActors(actors)),
    ...rules.flatMap(referencesOfSides),
    ...denyRules.flatMap(referencesOfSides),
  ],
  uses: ({ scopes, rules, denyRules, iptablesRules }) => ({
    ruleset: scopes.flatMap(referencesOfActors),
    rule: [
      ...[...rules, ...denyRules].flatMap(referencesOfSides),
      ...iptablesRules.flatMap(({ actors }) => referencesOfActors(actors)),
    ],
  }),
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

interface RuleReading<B, R> {
  readonly word: RuleCollection;
  readonly empty: (id: string) => R;
  readonly read: (body: B, before: R) => R;
}
const READING = {
  rules: { word: RULE_SEQUENCES.rules, empty: emptyRule, read: ruleFrom },
  denyRules: { word: RULE_SEQUENCES.denyRules, empty: emptyDenyRule, read: denyRuleFrom },
  iptablesRules: {
    word: RULE_SEQUENCES.iptablesRules,
    empty: emptyIptablesRule,
    read: iptablesRuleFrom,
  },
} as const;

/** The list given is the list that is; what an entry with an href does not name stays as it was. */
function rulesFrom<B extends object, R extends { readonly id: string }>(
  bodies: readonly (B & { readonly href?: string | undefined })[],
  before: readonly R[],
  ids: PartIds,
  { word, empty, read }: RuleReading<B, R>,
): R[] {
  const rules = byId(before);
  return bodies.map(({ href, ...body }) => {
    const rule = href === undefined ? empty(ids[word]!.shift()!) : known(rules, ruleIdOf(href, word), word);
    return read(body as B, rule);
  });
}

const byId = <R extends { readonly id: string }>(rules: readonly R[]): ReadonlyMap<string, R> =>
  new Map(rules.map((rule) => [rule.id, rule]));

function known<R>(rules: ReadonlyMap<string, R>, id: string, field: string): R {
  const rule = rules.get(id);
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

function rulesProblem({ rules, denyRules, iptablesRules }: PolicyObject<'rule_sets'>): Rejection | null {
  if (rules.length + denyRules.length > RULES_PER_RULE_SET_MAX)
    return invalid(`rules, deny_rules: a rule set holds at most ${RULES_PER_RULE_SET_MAX} of them`);
  return (
    firstProblem(rules, ruleProblem) ??
    firstProblem(denyRules, denyProblem) ??
    firstProblem(iptablesRules, iptablesProblem)
  );
}

function firstProblem<R>(rules: readonly R[], problemOf: (rule: R) => Rejection | null): Rejection | null {
  for (const rule of rules) {
    const problem = problemOf(rule);
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * The rules of one form. A draft also shows those that its deletion would take away, marked: they are active until then.
 * `entry` is null for an older version. With an id, that rule alone.
 */
export function placedRules<L extends RuleListName>(
  { object, entry }: Pick<Shown<'rule_sets'>, 'object' | 'entry'>,
  view: View,
  list: L,
  id?: string,
): PlacedRule<PolicyObject<'rule_sets'>[L][number]>[] {
  type OneRule = PolicyObject<'rule_sets'>[L][number];
  const wanted = (all: readonly OneRule[]): readonly OneRule[] =>
    id === undefined ? all : all.filter((rule) => rule.id === id);
  const rules = wanted(object[list]);
  const placed = (rule: OneRule, updateType: UpdateType | null): PlacedRule<OneRule> => ({
    ruleSet: object.id,
    rule,
    updateType,
  });
  if (view.pversion !== 'draft' || entry === null) return rules.map((rule) => placed(rule, null));
  const active = wanted(entry.active?.[list] ?? []);
  if (entry.draft === null) return active.map((rule) => placed(rule, 'delete'));
  const [drafted, inForce] = [byId(rules), byId<AnyRule>(active)];
  const gone = active.filter(({ id }) => !drafted.has(id));
  return [
    ...rules.map((rule) => placed(rule, changeOf(rule, inForce))),
    ...gone.map((rule) => placed(rule, 'delete')),
  ];
}

function changeOf(rule: AnyRule, active: ReadonlyMap<string, AnyRule>): UpdateType | null {
  const before = active.get(rule.id);
  if (before === undefined) return 'create';
  return sameRule(before, rule) ? null : 'update';
}
