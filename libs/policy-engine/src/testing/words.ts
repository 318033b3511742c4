/**
 * The policy by its words (docs: domain, "Policy"), computed from the objects without any of the engine's structures:
 * no selectors, no questions, no hashes, one plain predicate after the other. It is the oracle of the engine and of
 * the kernel's rules, so it must stay too simple to be wrong, and may be slow.
 */
import type {
  DenyRule,
  EnforcementBoundary,
  IpList,
  LabelSet,
  PortRange,
  Rule,
  RuleActor,
  RuleClass,
  ScopeEntry,
} from '@ringfence/contracts';
import { parseAddress, parseCidr } from '../address.js';
import { ruleRefs } from '../rule-compiler.js';
import type { World } from './world.js';

/** A rule in one scope. */
export interface Sentence {
  readonly ref: string;
  readonly class: RuleClass;
  readonly order: readonly bigint[];
  readonly provider: SpokenSide;
  readonly consumer: SpokenSide;
  readonly ports: readonly PortRange[];
}

export interface SpokenSide {
  readonly actors: readonly RuleActor[];
  /** null: not narrowed. */
  readonly scope: readonly ScopeEntry[] | null;
  readonly labelsAreWorkloads: boolean;
  readonly mayNameHost: boolean;
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
  return [
    {
      ref: refOf(rule, ruleSet),
      class: ruleClass,
      order: [CLASS_ORDER[ruleClass], rank, BigInt(rule.id), BigInt(scopeIndex)],
      provider: {
        actors: rule.providers,
        scope,
        labelsAreWorkloads: resolves('resolveProvidersAs'),
        mayNameHost: false,
      },
      consumer: {
        actors: rule.consumers,
        scope: isUnscoped ? null : scope,
        labelsAreWorkloads: resolves('resolveConsumersAs'),
        mayNameHost: isUnscoped,
      },
      ports: rule.services.flatMap((service) =>
        service.kind === 'ports'
          ? [service.ports]
          : (world.objects.services.find((one) => one.id === service.id)?.ports ?? []),
      ),
    },
  ];
}

function refOf(rule: Rule | DenyRule | EnforcementBoundary, ruleSet: string | null): string {
  if (ruleSet === null) return ruleRefs.boundary(rule.id);
  return 'resolveProvidersAs' in rule ? ruleRefs.rule(ruleSet, rule.id) : ruleRefs.denyRule(ruleSet, rule.id);
}

/** Does the side mean everything that has these labels? */
export function meansByLabels(world: World, side: SpokenSide, labelSet: LabelSet): boolean {
  if (!side.labelsAreWorkloads || !isLeft(world, side, labelSet)) return false;
  if (side.actors.some((actor) => actor.kind === 'ams')) return true;
  const labelActors = side.actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  return labelActors.length > 0 && meetsAll(world, labelActors, labelSet);
}

/** Does the side name this workload, and do scope and exclusions leave it? */
export function meansByName(world: World, side: SpokenSide, workload: string, labelSet: LabelSet): boolean {
  const isNamed = side.actors.some((actor) => actor.kind === 'workload' && actor.id === workload);
  return isNamed && isLeft(world, side, labelSet);
}

export function meansByAddress(world: World, side: SpokenSide, address: string): boolean {
  return side.actors.some((actor) => {
    const list = actor.kind === 'ip_list' && world.objects.ip_lists.find((one) => one.id === actor.id);
    return list ? isListed(list, address) : false;
  });
}

export const meansOwnHost = (side: SpokenSide): boolean =>
  side.mayNameHost && side.actors.some((actor) => actor.kind === 'container_host');

export function isListed(list: IpList, address: string): boolean {
  const value = parseAddress(address)!;
  const covering = list.ranges.filter(({ from, to }) => {
    const block = parseCidr(from)!;
    const end = to === null ? block.last : parseAddress(to)!.value;
    return block.version === value.version && block.first <= value.value && value.value <= end;
  });
  return covering.length > 0 && covering.every((range) => !range.exclusion);
}

/** In the scope, and not taken away by an exclusion. */
function isLeft(world: World, side: SpokenSide, labelSet: LabelSet): boolean {
  if (!['pod', 'node', 'unmanaged', 'service'].includes(labelSet.class)) return false;
  const exclusions = side.actors.filter(
    (actor) => (actor.kind === 'label' || actor.kind === 'label_group') && actor.exclusion,
  );
  return meetsAll(world, side.scope ?? [], labelSet) && meetsAll(world, exclusions, labelSet);
}

type Entry = RuleActor | ScopeEntry;

/** Entries of one type are ORed, types are ANDed, "all except X" is "has one of the type, and it is not X". */
function meetsAll(world: World, entries: readonly Entry[], labelSet: LabelSet): boolean {
  const understood = entries.map((entry) => understand(world, entry));
  if (understood.some((entry) => entry === null)) return false;
  const keys = new Set(understood.map((entry) => entry!.key));
  return [...keys].every((key) => {
    const own = labelSet.labels.find((label) => keyOf(world, label) === key);
    if (own === undefined) return false;
    const ofKey = understood.filter((entry) => entry!.key === key);
    const asked = ofKey.filter((entry) => !entry!.exclusion);
    const isAsked = asked.length === 0 || asked.some((entry) => entry!.labels.includes(own));
    return isAsked && !ofKey.some((entry) => entry!.exclusion && entry!.labels.includes(own));
  });
}

/** null: it refers to something that is not there. */
function understand(
  world: World,
  entry: Entry,
): { key: string; labels: string[]; exclusion: boolean } | null {
  if (entry.kind === 'label') {
    const key = keyOf(world, entry.id);
    return key === undefined ? null : { key, labels: [entry.id], exclusion: entry.exclusion };
  }
  if (entry.kind !== 'label_group') throw new Error(`${entry.kind} has no labels`);
  const group = world.objects.label_groups.find((one) => one.id === entry.id);
  if (group === undefined) return null;
  return { key: group.key, labels: labelsIn(world, entry.id, []), exclusion: entry.exclusion };
}

function labelsIn(world: World, id: string, entered: readonly string[]): string[] {
  const group = world.objects.label_groups.find((one) => one.id === id);
  if (group === undefined || entered.includes(id)) return [];
  return [...group.labels, ...group.subGroups.flatMap((nested) => labelsIn(world, nested, [...entered, id]))];
}

const keyOf = (world: World, label: string): string | undefined =>
  world.catalogue.labels.find((one) => one.id === label)?.key;
