/** Rules and deny rules: bodies ⇄ domain, and what the draft of a rule is compared with the active one. */
import type { DenyRuleUpdate, RuleUpdate } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import type { z } from 'zod';
import type { StoredDenyRule, StoredRule, Touched, UpdateType } from '../../domain/policy-object.js';
import { ruleHref } from '../hrefs.js';
import { actorsOf, serviceRefsOf, showActor, showServiceRef } from './rule-sides.js';
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
  use_workload_subnets: [],
  egress_services: [],
  consuming_security_principals: [],
  log_flow: false,
} as const;
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

interface Sides {
  readonly providers?: RuleBody['providers'];
  readonly consumers?: RuleBody['consumers'];
  readonly ingress_services?: RuleBody['ingress_services'];
  readonly enabled?: boolean | undefined;
  readonly description?: string | null | undefined;
  readonly unscoped_consumers?: boolean | undefined;
}

/** The fields that the body names, in domain words. */
function sidesOf(
  body: Sides,
): Partial<
  Pick<
    StoredDenyRule,
    'enabled' | 'description' | 'providers' | 'consumers' | 'services' | 'unscopedConsumers'
  >
> {
  return {
    ...(body.enabled !== undefined && { enabled: body.enabled }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.providers !== undefined && { providers: actorsOf(body.providers, 'providers') }),
    ...(body.consumers !== undefined && { consumers: actorsOf(body.consumers, 'consumers') }),
    ...(body.ingress_services !== undefined && { services: serviceRefsOf(body.ingress_services) }),
    ...(body.unscoped_consumers !== undefined && { unscopedConsumers: body.unscoped_consumers }),
  };
}

export function ruleFrom(body: RuleBody, before: StoredRule): StoredRule {
  refuseWhatWouldBeWeaker(body);
  const { extras: kept, ...rest } = before;
  return {
    ...rest,
    ...sidesOf(body),
    ...(body.resolve_labels_as !== undefined && {
      resolveProvidersAs: body.resolve_labels_as.providers,
      resolveConsumersAs: body.resolve_labels_as.consumers,
    }),
    ...extrasOf(body, [...Object.keys(RULE_EXTRAS), ...EXTERNAL_REFERENCE], kept),
  };
}

/** A condition that is not enforced would let more pass than the rule says: refused, not stored. */
function refuseWhatWouldBeWeaker(body: RuleBody): void {
  if (body.sec_connect === true) throw invalid('sec_connect: encryption between workloads is not supported');
  if (body.machine_auth === true) throw invalid('machine_auth: authentication of machines is not supported');
  if (body.network_type === 'non_brn') throw invalid('network_type: only brn and all are supported');
  if ((body.consuming_security_principals ?? []).length > 0) {
    throw invalid('consuming_security_principals: rules for user groups are not supported');
  }
}

export function denyRuleFrom(body: DenyRuleBody, before: StoredDenyRule): StoredDenyRule {
  if (body.network_type === 'non_brn') throw invalid('network_type: only brn and all are supported');
  const { extras: kept, ...rest } = before;
  return {
    ...rest,
    ...sidesOf(body),
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
    ...metaOf(rule.touched ?? touched),
    update_type: updateType,
    enabled: rule.enabled,
    description: rule.description,
    providers: rule.providers.map((actor) => showActor(actor, view)),
    consumers: rule.consumers.map((actor) => showActor(actor, view)),
    ingress_services: rule.services.map((service) => showServiceRef(service, view)),
    resolve_labels_as: { providers: rule.resolveProvidersAs, consumers: rule.resolveConsumersAs },
    unscoped_consumers: rule.unscopedConsumers,
    ...RULE_EXTRAS,
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
    ...metaOf(rule.touched ?? touched),
    update_type: updateType,
    enabled: rule.enabled,
    description: rule.description,
    override: rule.override,
    providers: rule.providers.map((actor) => showActor(actor, view)),
    consumers: rule.consumers.map((actor) => showActor(actor, view)),
    ingress_services: rule.services.map((service) => showServiceRef(service, view)),
    unscoped_consumers: rule.unscopedConsumers,
    ...DENY_RULE_EXTRAS,
    ...rule.extras,
  };
}
