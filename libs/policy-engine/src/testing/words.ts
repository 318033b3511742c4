/**
 * The policy by its words (docs: domain, "Policy"), computed from the objects without any of the engine's structures:
 * no selectors, no questions, no hashes, one plain predicate after the other. It is the oracle of the engine and of
 * the kernel's rules, so it must stay too simple to be wrong, and may be slow.
 */
import type {
  DenyRule,
  EnforcementBoundary,
  PortRange,
  Rule,
  RuleClass,
  ScopeEntry,
} from '@ringfence/contracts';
import { NOBODY } from './spoken-side.js';
import type { SpokenEnd, SpokenSide } from './spoken-side.js';
import { serviceConsumers, serviceProviders } from './service-words.js';
import { portsOfService, virtualConsumers, virtualProviders } from './virtual-words.js';
import type { World } from './world.js';

/** A rule in one scope. */
export interface Sentence {
  readonly ref: string;
  readonly class: RuleClass;
  readonly order: readonly bigint[];
  readonly provider: SpokenEnd;
  readonly consumer: SpokenEnd;
  readonly ports: readonly PortRange[];
}

const CLASS_ORDER: Record<RuleClass, bigint> = { essential: 0n, override_deny: 1n, allow: 2n, deny: 3n };
const AFTER_RULE_SETS = 10n ** 30n;

/** Every sentence that is in force, in the total order. */
export function sentencesOf(world: World): Sentence[] {
  const sentences: Sentence[] = [];
  for (const ruleSet of world.objects.rule_sets.filter((one) => one.enabled)) {
    const scopes = ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
    scopes.forEach((scope, i) => {
      for (const rule of ruleSet.rules) sentences.push(...say(world, rule, ruleSet.id, scope, i));
      for (const rule of ruleSet.denyRules) sentences.push(...say(world, rule, ruleSet.id, scope, i));
    });
  }
  for (const boundary of world.objects.enforcement_boundaries)
    sentences.push(...say(world, boundary, null, [], 0));
  return sentences.sort((a, b) => compareOrders(a.order, b.order));
}

function compareOrders(a: readonly bigint[], b: readonly bigint[]): number {
  const differs = a.findIndex((part, i) => part !== b[i]);
  return differs < 0 ? 0 : a[differs]! < b[differs]! ? -1 : 1;
}

function say(
  world: World,
  rule: Rule | DenyRule | EnforcementBoundary,
  ruleSet: string | null,
  scope: readonly ScopeEntry[],
  scopeIndex: number,
): Sentence[] {
  if (!rule.enabled) return [];
  const ruleClass: RuleClass =
    'resolveProvidersAs' in rule ? 'allow' : 'override' in rule && rule.override ? 'override_deny' : 'deny';
  const isUnscoped = 'unscopedConsumers' in rule && rule.unscopedConsumers;
  const rank = ruleSet === null ? AFTER_RULE_SETS : BigInt(ruleSet);
  const resolves = (side: 'resolveProvidersAs' | 'resolveConsumersAs'): boolean =>
    !('resolveProvidersAs' in rule) || rule[side].includes('workloads');
  const provider: SpokenSide = {
    ...NOBODY,
    actors: rule.providers,
    scope,
    labelsAreWorkloads: resolves('resolveProvidersAs'),
  };
  const consumer: SpokenSide = {
    ...NOBODY,
    actors: rule.consumers,
    scope: isUnscoped ? null : scope,
    labelsAreWorkloads: resolves('resolveConsumersAs'),
    mayNameHost: isUnscoped,
  };
  const ports = rule.services.flatMap((service) =>
    service.kind === 'ports' ? [service.ports] : portsOfService(world, service.id),
  );
  const asPeers = (side: SpokenSide, name: 'providers' | 'consumers'): SpokenSide => ({
    ...side,
    asSubnets: 'subnetsOf' in rule && (rule.subnetsOf?.includes(name) ?? false),
  });
  const providers = [
    { at: provider, peers: asPeers(provider, 'providers'), ports },
    ...otherProviders(world, rule, provider),
  ];
  const consumers = [
    { at: consumer, peers: asPeers(consumer, 'consumers') },
    ...otherConsumers(world, rule, consumer),
  ];
  return providers.flatMap(({ ports: open, ...served }, i) =>
    consumers.map((asking, k) => ({
      ref: refOf(rule, ruleSet),
      class: ruleClass,
      order: [CLASS_ORDER[ruleClass], rank, BigInt(rule.id), BigInt(scopeIndex), BigInt(3 * i + k)],
      provider: served,
      consumer: asking,
      ports: open,
    })),
  );
}

type Said = Rule | DenyRule | EnforcementBoundary;

/** Whoever answers that is no workload of its own. */
const otherProviders = (world: World, rule: Said, side: SpokenSide) =>
  'resolveProvidersAs' in rule
    ? [
        ...virtualProviders(world, side, rule.resolveProvidersAs),
        ...serviceProviders(world, side, rule.resolveProvidersAs),
      ]
    : [];

const otherConsumers = (world: World, rule: Said, side: SpokenSide): SpokenEnd[] =>
  'resolveConsumersAs' in rule
    ? [
        ...virtualConsumers(world, side, rule.resolveConsumersAs),
        ...serviceConsumers(world, side, rule.resolveConsumersAs),
      ]
    : [];

function refOf(rule: Rule | DenyRule | EnforcementBoundary, ruleSet: string | null): string {
  const active = '/orgs/1/sec_policy/active';
  if (ruleSet === null) return `${active}/enforcement_boundaries/${rule.id}`;
  const kind = 'resolveProvidersAs' in rule ? 'sec_rules' : 'deny_rules';
  return `${active}/rule_sets/${ruleSet}/${kind}/${rule.id}`;
}
