/**
 * Where no rule allows a connection: the rules that come nearest to it, and which of their conditions it does not meet. Judged by labels,
 * names and known addresses; virtual services and the container host are not gone into.
 */
import type {
  LabelId,
  PolicyObjects,
  PortRange,
  Rule,
  RuleActor,
  RuleSet,
  ScopeEntry,
  Verdict,
} from '@ringfence/contracts';
import { cidrsOf, CidrSet, onPorts, ruleRefs } from '@ringfence/policy-engine';
import type { LabelFact } from './facts.js';
import { coversHostName } from './host-names.js';
import { labelWords } from './rule-words.js';

export interface AskedEnd {
  readonly labels: readonly LabelId[];
  /** Null: no workload that is known here. */
  readonly workload: string | null;
  readonly address: string | null;
  /** A host name that nobody knows. */
  readonly host?: string | undefined;
  /** It judges for itself, and no rule of its own allows it: to be in a list of addresses is no rule. */
  readonly lacksRule: boolean;
}
export interface AskedConnection {
  readonly from: AskedEnd;
  readonly to: AskedEnd;
  readonly proto: number;
  /** Where something stands in between, the port before and after it: either will do. */
  readonly ports: readonly number[];
}
export interface RuleWorld {
  readonly objects: PolicyObjects;
  readonly labels: ReadonlyMap<LabelId, LabelFact>;
}
export interface NearRule {
  readonly ref: string;
  /** For people; never empty. */
  readonly unmet: readonly string[];
}

const MOST_RULES = 3;
/** A rule of which nothing fits is near to nothing. */
const MOST_UNMET = 2;

/** No rule speaks about it there, and one would have to. */
export const isUnallowed = (
  end: { readonly verdict: Verdict; readonly rule: object | null } | null,
): boolean => end?.rule === null && (end.verdict === 'blocked' || end.verdict === 'potentially_blocked');

/** Each by its name, and what it misses. */
export const nearestWords = (
  asked: AskedConnection,
  world: RuleWorld & { ruleName(ref: string): string },
): string[] =>
  nearestRules(asked, world).map(({ ref, unmet }) => `${world.ruleName(ref)}: ${unmet.join('; ')}`);

/** Those that miss the fewest conditions, in the order of rules; none where one misses nothing: something else decides. */
export function nearestRules(asked: AskedConnection, world: RuleWorld): NearRule[] {
  const near = world.objects.rule_sets.flatMap((ruleSet) =>
    ruleSet.rules.map((rule) => ({
      ref: ruleRefs.rule(ruleSet.id, rule.id),
      unmet: unmetOf({ rule, ruleSet }, asked, world),
    })),
  );
  const fewest = Math.min(...near.map(({ unmet }) => unmet.length));
  if (fewest === 0 || fewest > MOST_UNMET) return [];
  return near.filter(({ unmet }) => unmet.length === fewest).slice(0, MOST_RULES);
}

interface Placed {
  readonly rule: Rule;
  readonly ruleSet: RuleSet;
}

function unmetOf({ rule, ruleSet }: Placed, asked: AskedConnection, world: RuleWorld): string[] {
  const scopes = ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
  const byScope = scopes.map((scope) => [
    ...sideUnmet(
      rule.consumers,
      { who: 'source', end: asked.from, scope: rule.unscopedConsumers ? [] : scope },
      world,
    ),
    ...sideUnmet(rule.providers, { who: 'destination', end: asked.to, scope }, world),
  ]);
  const [fewest = []] = byScope.sort((a, b) => a.length - b.length);
  return [
    ...(ruleSet.enabled ? [] : ['its rule set is disabled']),
    ...(rule.enabled ? [] : ['it is disabled']),
    ...fewest,
    ...portUnmet(rule, asked, world),
  ];
}

function portUnmet({ services }: Rule, { proto, ports }: AskedConnection, { objects }: RuleWorld): string[] {
  const ranges = services.flatMap((service) =>
    service.kind === 'ports'
      ? [service.ports]
      : (objects.services.find(({ id }) => id === service.id)?.ports ?? []),
  );
  if (ports.some((port) => onPorts(ranges, { proto, port, peer: '' }))) return [];
  return [`it is for ${ranges.length === 0 ? 'no port of its own' : ranges.map(portWords).join(', ')}`];
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };
function portWords({ proto, from, to }: PortRange): string {
  const name = PROTOCOLS[proto] ?? `protocol ${proto}`;
  if (from === undefined) return `all of ${name}`;
  return `${from}${to === undefined ? '' : `–${to}`}/${name}`;
}

interface AskedSide {
  readonly who: 'source' | 'destination';
  readonly end: AskedEnd;
  readonly scope: readonly ScopeEntry[];
}

function sideUnmet(actors: readonly RuleActor[], side: AskedSide, world: RuleWorld): string[] {
  const { who, end, scope } = side;
  if (actors.some((actor) => actor.kind === 'ip_list' && isListed(actor.id, end, world))) return [];
  const entries = actors.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  const isNamed =
    end.workload !== null &&
    actors.some((actor) => actor.kind === 'ams' || (actor.kind === 'workload' && actor.id === end.workload));
  if (!isNamed && (entries.length === 0 || end.workload === null))
    return [`the ${who} is none of those that it names`];
  const wished = isNamed ? entries.filter(({ exclusion }) => exclusion) : entries;
  return [
    ...labelsUnmet(wished, side, world),
    ...labelsUnmet(scope, side, world).map((text) => `${text}, by the scope of its rule set`),
  ];
}

function isListed(id: string, { address, host, lacksRule }: AskedEnd, { objects }: RuleWorld): boolean {
  if (lacksRule) return false;
  const list = objects.ip_lists.find((each) => each.id === id);
  if (list === undefined) return false;
  if (host !== undefined && list.fqdns.some(({ fqdn }) => coversHostName(fqdn, host))) return true;
  const cidrs = cidrsOf(list.ranges);
  return address === null ? cidrs.includes('0.0.0.0/0') : new CidrSet(cidrs).contains(address);
}

interface Wish {
  readonly wanted: LabelId[];
  readonly unwanted: LabelId[];
}

/** One sentence for each type of label that does not fit. */
function labelsUnmet(entries: readonly ScopeEntry[], { who, end }: AskedSide, world: RuleWorld): string[] {
  const wishes = new Map<string, Wish>();
  for (const { kind, id, exclusion } of entries) {
    const labels = kind === 'label' ? [id] : labelsWithin(id, world);
    const key =
      (kind === 'label' ? world.labels.get(id)?.key : groupOf(id, world)?.key) ?? 'a type that is gone';
    const wish = wishes.get(key) ?? { wanted: [], unwanted: [] };
    (exclusion ? wish.unwanted : wish.wanted).push(...labels);
    wishes.set(key, wish);
  }
  return [...wishes].flatMap(([key, wish]) => wishUnmet(key, wish, { who, end }, world));
}

function wishUnmet(
  key: string,
  { wanted, unwanted }: Wish,
  { who, end }: Pick<AskedSide, 'who' | 'end'>,
  { labels }: RuleWorld,
): string[] {
  const own = end.labels.find((id) => labels.get(id)?.key === key);
  const isWanted =
    own !== undefined && (wanted.length === 0 || wanted.includes(own)) && !unwanted.includes(own);
  if (isWanted) return [];
  const words = (ids: readonly LabelId[]): string =>
    [...new Set(ids)].map((id) => labelWords(id, labels)).join(' or ');
  const wish =
    wanted.length > 0 ? words(wanted) : `any ${key}${unwanted.length > 0 ? ` but ${words(unwanted)}` : ''}`;
  return [`the ${who} has ${own === undefined ? `no ${key}` : labelWords(own, labels)}, wanted is ${wish}`];
}

const groupOf = (id: string, { objects }: RuleWorld): PolicyObjects['label_groups'][number] | undefined =>
  objects.label_groups.find((each) => each.id === id);

function labelsWithin(id: string, world: RuleWorld): LabelId[] {
  const groups = new Set([id]);
  for (const each of groups) for (const sub of groupOf(each, world)?.subGroups ?? []) groups.add(sub);
  return [...groups].flatMap((each) => groupOf(each, world)?.labels ?? []);
}
