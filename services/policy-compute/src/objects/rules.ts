/** Rules and deny rules, as rule sets hold them: bodies ⇄ domain, and whether they make sense. */
import type { DenyRuleUpdate, RuleUpdate } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import type { z } from 'zod';
import { perObject } from '../domain/per-object.js';
import type { StoredDenyRule, StoredRule, Touched, UpdateType } from '../domain/policy-object.js';
import { ruleHref } from './hrefs.js';
import { InvalidBody, invalid } from './invalid.js';
import { readSides, showSides, sidesProblem } from './sides.js';
import type { Sides } from './sides.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf } from './view.js';
import type { Body, View } from './view.js';

type RuleBody = z.infer<typeof RuleUpdate>;
type DenyRuleBody = z.infer<typeof DenyRuleUpdate>;

/** Kept and shown, without effect here; what a rule that does not say shows. */
const RULE_EXTRAS = {
  sec_connect: false,
  stateless: false,
  machine_auth: false,
  network_type: 'brn',
  egress_services: [],
  consuming_security_principals: [],
  log_flow: false,
} as const;
/** Of rules that were written before it meant anything among their extras; it means something once they are written again. */
const SUBNETS = 'use_workload_subnets';
type SubnetSides = NonNullable<StoredRule['subnetsOf']>;
const DENY_RULE_EXTRAS = { network_type: 'brn', egress_services: [] } as const;

export const emptyRule = (id: string): StoredRule => ({
  id,
  enabled: true,
  description: '',
  providers: [],
  consumers: [],
  services: [],
  unscopedConsumers: false,
  resolveProvidersAs: ['workloads'],
  resolveConsumersAs: ['workloads'],
});

export const emptyDenyRule = (id: string): StoredDenyRule => ({
  id,
  enabled: true,
  description: '',
  override: false,
  providers: [],
  consumers: [],
  services: [],
  unscopedConsumers: false,
});

/** What rules and deny rules have in common. */
type Common = Sides & Pick<StoredRule, 'enabled' | 'description' | 'unscopedConsumers'>;

/** The fields that the body names, in domain words. */
function readCommon(body: RuleBody | DenyRuleBody): Partial<Common> {
  return {
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...readSides(body),
    ...(body.unscoped_consumers !== undefined && { unscopedConsumers: body.unscoped_consumers }),
  };
}

export function ruleFrom(body: RuleBody, before: StoredRule): StoredRule {
  refuseWhatWouldBeWeaker(body);
  const { extras, subnetsOf, ...rest } = before;
  const { [SUBNETS]: written = [], ...kept } = extras ?? {};
  const subnets =
    body[SUBNETS] === undefined ? (subnetsOf ?? (written as SubnetSides)) : (body[SUBNETS] ?? []);
  return {
    ...rest,
    ...readCommon(body),
    ...(subnets.length > 0 && { subnetsOf: [...subnets] }),
    ...(body.resolve_labels_as !== undefined && {
      resolveProvidersAs: body.resolve_labels_as.providers,
      resolveConsumersAs: body.resolve_labels_as.consumers,
    }),
    ...extrasOf(body, [...Object.keys(RULE_EXTRAS), ...EXTERNAL_REFERENCE], kept),
  };
}

/** A condition that is not enforced would let more pass than the rule says: refused, not stored. */
function refuseWhatWouldBeWeaker(body: RuleBody): void {
  if (body.sec_connect === true)
    throw new InvalidBody('sec_connect: encryption between workloads is not supported');
  if (body.machine_auth === true)
    throw new InvalidBody('machine_auth: authentication of machines is not supported');
  if (body.network_type === 'non_brn') throw new InvalidBody('network_type: only brn and all are supported');
  if ((body.consuming_security_principals ?? []).length > 0) {
    throw new InvalidBody('consuming_security_principals: rules for user groups are not supported');
  }
}

export function denyRuleFrom(body: DenyRuleBody, before: StoredDenyRule): StoredDenyRule {
  if (body.network_type === 'non_brn') throw new InvalidBody('network_type: only brn and all are supported');
  const { extras: kept, ...rest } = before;
  return {
    ...rest,
    ...readCommon(body),
    ...(body.override !== undefined && { override: body.override }),
    ...extrasOf(body, Object.keys(DENY_RULE_EXTRAS), kept),
  };
}

/** A rule as it stands in its rule set; `updateType` is null in all but drafts. */
export interface PlacedRule<R> {
  readonly ruleSet: string;
  readonly rule: R;
  readonly updateType: UpdateType | null;
}

export function showRule(
  { ruleSet, rule, updateType }: PlacedRule<StoredRule>,
  view: View,
  touched: Touched,
): Body {
  return {
    href: ruleHref(ruleSet, 'sec_rules', rule.id, view.pversion),
    ...metaOf(rule.touched ?? touched, updateType),
    update_type: updateType,
    enabled: rule.enabled,
    description: rule.description,
    ...showSides(rule, view),
    resolve_labels_as: { providers: rule.resolveProvidersAs, consumers: rule.resolveConsumersAs },
    unscoped_consumers: rule.unscopedConsumers,
    ...RULE_EXTRAS,
    [SUBNETS]: rule.subnetsOf ?? [],
    ...rule.extras,
    ...externalReferenceOf(rule.extras),
  };
}

export function showDenyRule(
  { ruleSet, rule, updateType }: PlacedRule<StoredDenyRule>,
  view: View,
  touched: Touched,
): Body {
  return {
    href: ruleHref(ruleSet, 'deny_rules', rule.id, view.pversion),
    ...metaOf(rule.touched ?? touched, updateType),
    update_type: updateType,
    enabled: rule.enabled,
    description: rule.description,
    override: rule.override,
    ...showSides(rule, view),
    unscoped_consumers: rule.unscopedConsumers,
    ...DENY_RULE_EXTRAS,
    ...rule.extras,
  };
}

export const ruleProblem = perObject((rule: StoredRule): Rejection | null => {
  if (rule.extras?.['stateless'] === true) return STATELESS;
  const sides = sidesProblem(rule) ?? meaningProblem(rule);
  if (sides !== null) return sides;
  if (!rule.unscopedConsumers && rule.consumers.some((actor) => actor.kind === 'container_host'))
    return invalid('consumers: container_host needs unscoped_consumers');
  return null;
});

/** Virtual services have ports of their own; workloads have none. */
function meaningProblem({ services, resolveProvidersAs }: StoredRule): Rejection | null {
  const needsPorts = resolveProvidersAs.includes('workloads');
  if (needsPorts && services.length === 0) return invalid('ingress_services: at least one is needed');
  if (!needsPorts && services.length > 0)
    return invalid('ingress_services: virtual services as providers have ports of their own; leave it empty');
  return null;
}

const STATELESS = reject(
  'rule-has-no-effect',
  'stateless: a rule without connection state is not enforced: verdicts are kept, revoked and counted by connection, and addresses of Services are translated by it',
  'INVALID_ARGUMENT',
);

export function denyProblem(rule: Sides): Rejection | null {
  const sides = sidesProblem(rule);
  if (sides !== null) return sides;
  const actors = [...rule.providers, ...rule.consumers];
  if (actors.some((actor) => actor.kind === 'virtual_service' || actor.kind === 'container_host')) {
    return invalid(
      'providers, consumers: a deny rule names labels, label groups, workloads, IP lists or ams',
    );
  }
  return rule.services.length === 0 ? invalid('ingress_services: at least one is needed') : null;
}
