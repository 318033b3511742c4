/**
 * Rules in iptables' own words: kept with their rule set, drafted and provisioned with it, and shown. No back end of ours applies
 * them, and each says so.
 */
import type { IptablesRuleBody } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import type { StoredIptablesRule, Touched } from '../domain/policy-object.js';
import { ruleHref } from './hrefs.js';
import { invalid } from './invalid.js';
import type { PlacedRule } from './rules.js';
import { actorsOf, showActor } from './sides.js';
import { metaOf } from './view.js';
import type { Body, View } from './view.js';

const NOT_ENFORCED = 'iptables rules are stored; no host applies them';

export const emptyIptablesRule = (id: string): StoredIptablesRule => ({
  id,
  enabled: true,
  description: '',
  ipVersion: '4',
  actors: [],
  statements: [],
});

export const iptablesRuleFrom = (
  { enabled, description, ip_version: ipVersion, actors, statements }: IptablesRuleBody,
  before: StoredIptablesRule,
): StoredIptablesRule => ({
  ...before,
  ...(enabled !== undefined && { enabled }),
  ...(description !== undefined && { description: description ?? '' }),
  ...(ipVersion !== undefined && { ipVersion }),
  ...(actors !== undefined && { actors: actorsOf(actors, 'ip_tables_rules.actors') }),
  ...(statements !== undefined && {
    statements: statements.map(({ table_name: table, chain_name: chain, parameters }) => ({
      table,
      chain,
      parameters,
    })),
  }),
});

export const showIptablesRule = (
  { ruleSet, rule, updateType }: PlacedRule<StoredIptablesRule>,
  view: View,
  touched: Touched,
): Body => ({
  href: ruleHref(ruleSet, 'ip_tables_rules', rule.id, view.pversion),
  ...metaOf(rule.touched ?? touched, updateType),
  update_type: updateType,
  enabled: rule.enabled,
  description: rule.description,
  ip_version: rule.ipVersion,
  actors: rule.actors.map((actor) => showActor(actor, view)),
  statements: rule.statements.map(({ table, chain, parameters }) => ({
    table_name: table,
    chain_name: chain,
    parameters,
  })),
  not_enforced: NOT_ENFORCED,
});

export function iptablesProblem({ actors, statements }: StoredIptablesRule): Rejection | null {
  if (actors.length === 0) return invalid('ip_tables_rules: actors: at least one is needed');
  return statements.length === 0 ? invalid('ip_tables_rules: statements: at least one is needed') : null;
}
