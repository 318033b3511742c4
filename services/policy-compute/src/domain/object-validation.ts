/** Whether an object makes sense by itself, and its normal form. What it refers to is the decider's question. */
import type { PortRange, ProvisionableType, RuleActor, ServiceRef } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { isFqdn, normaliseRanges } from './ip-ranges.js';
import type { PolicyObject, StoredRule } from './policy-object.js';

const RULES_PER_RULE_SET = 5_000;
const ICMP = [1, 58];
const WITH_PORTS = [6, 17];

const invalid = (message: string): Rejection => reject('input-validation-error', message, 'INVALID_ARGUMENT');

type Normaliser<T extends ProvisionableType> = (object: PolicyObject<T>) => PolicyObject<T> | Rejection;

/** The object in normal form, or the first thing that is wrong with it. */
export function normalise<T extends ProvisionableType>(
  type: T,
  object: PolicyObject<T>,
): PolicyObject<T> | Rejection {
  return (NORMALISERS[type] as unknown as Normaliser<T>)(object);
}

const NORMALISERS: { readonly [T in ProvisionableType]: Normaliser<T> } = {
  ip_lists: (list) => {
    const wrong = list.fqdns.find((entry) => !isFqdn(entry.fqdn));
    if (wrong !== undefined)
      return invalid(`fqdns: "${wrong.fqdn}" is no domain name (a * may only be the leftmost label)`);
    const ranges = normaliseRanges(list.ranges);
    return Array.isArray(ranges) ? { ...list, ranges } : (ranges as Rejection);
  },
  services: (service) => firstWrong(service.ports, portProblem, 'service_ports') ?? service,
  label_groups: (group) => ({ ...group, labels: unique(group.labels), subGroups: unique(group.subGroups) }),
  rule_sets: (ruleSet) => ruleSetProblem(ruleSet) ?? ruleSet,
  enforcement_boundaries: (boundary) => denyProblem(boundary, true) ?? boundary,
};

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];

function firstWrong<X>(
  items: readonly X[],
  problem: (item: X) => string | null,
  field: string,
): Rejection | null {
  for (const item of items) {
    const message = problem(item);
    if (message !== null) return invalid(`${field}: ${message}`);
  }
  return null;
}

/** What is wrong with it in words, or null. */
export function portProblem(range: PortRange): string | null {
  return portsProblem(range) ?? icmpProblem(range);
}

function portsProblem({ proto, from, to }: PortRange): string | null {
  if (from === undefined) return to === undefined ? null : 'to_port needs port';
  if (!WITH_PORTS.includes(proto)) return `protocol ${proto} has no ports`;
  return to !== undefined && to < from ? `to_port ${to} is below port ${from}` : null;
}

function icmpProblem({ proto, icmpType, icmpCode }: PortRange): string | null {
  if (icmpType === undefined) return icmpCode === undefined ? null : 'icmp_code needs icmp_type';
  return ICMP.includes(proto) ? null : `protocol ${proto} has no ICMP types`;
}

function ruleSetProblem(ruleSet: PolicyObject<'rule_sets'>): Rejection | null {
  if (ruleSet.rules.length + ruleSet.denyRules.length > RULES_PER_RULE_SET) {
    return invalid(`rules: a rule set holds at most ${RULES_PER_RULE_SET} rules`);
  }
  for (const rule of ruleSet.rules) {
    const problem = ruleProblem(rule);
    if (problem !== null) return problem;
  }
  for (const rule of ruleSet.denyRules) {
    const problem = denyProblem(rule, false);
    if (problem !== null) return problem;
  }
  return null;
}

interface Sides {
  readonly providers: readonly RuleActor[];
  readonly consumers: readonly RuleActor[];
  readonly services: readonly ServiceRef[];
}

function sidesProblem(rule: Sides): Rejection | null {
  if (rule.providers.length === 0) return invalid('providers: at least one is needed');
  if (rule.consumers.length === 0) return invalid('consumers: at least one is needed');
  if (rule.providers.some((actor) => actor.kind === 'container_host')) {
    return invalid('providers: container_host may only be a consumer');
  }
  return firstWrong(
    rule.services,
    (service) => (service.kind === 'ports' ? portProblem(service.ports) : null),
    'ingress_services',
  );
}

function ruleProblem(rule: StoredRule): Rejection | null {
  const sides = withoutEffect(rule) ?? sidesProblem(rule);
  if (sides !== null) return sides;
  if (!rule.unscopedConsumers && rule.consumers.some((actor) => actor.kind === 'container_host')) {
    return invalid('consumers: container_host needs unscoped_consumers');
  }
  if (rule.services.length === 0) return invalid('ingress_services: at least one is needed');
  return null;
}

/** A rule that nothing follows from is not stored: who wrote it would believe that it is in force. */
function withoutEffect({ resolveProvidersAs, resolveConsumersAs, extras }: StoredRule): Rejection | null {
  if (extras?.['stateless'] === true) return noEffect('stateless: rules without connection state');
  for (const [side, means] of [
    ['providers', resolveProvidersAs],
    ['consumers', resolveConsumersAs],
  ] as const) {
    if (!means.includes('workloads'))
      return noEffect(`resolve_labels_as.${side}: rules to virtual services only`);
  }
  return null;
}

const noEffect = (what: string): Rejection =>
  reject('rule-has-no-effect', `${what} are not enforced yet`, 'INVALID_ARGUMENT');

function denyProblem(rule: Sides, isBoundary: boolean): Rejection | null {
  const sides = sidesProblem(rule);
  if (sides !== null) return sides;
  const actors = [...rule.providers, ...rule.consumers];
  if (actors.some((actor) => actor.kind === 'virtual_service' || actor.kind === 'container_host')) {
    return invalid(
      'providers, consumers: a deny rule names labels, label groups, workloads, IP lists or ams',
    );
  }
  if (isBoundary && actors.some((actor) => 'exclusion' in actor && actor.exclusion)) {
    return invalid('providers, consumers: a boundary has no exclusions');
  }
  return rule.services.length === 0 ? invalid('ingress_services: at least one is needed') : null;
}
