/**
 * Label rules that say what was seen: a rule set for each scope that is called, in it the fewest rules that name who calls whom
 * by role. Who carries no application is named by itself: a rule by the rest of its labels would speak of strangers.
 */
import type { LabelId, Rule, RuleActor, RuleSet, ServiceRef } from '@ringfence/contracts';
import { compareIntegerIds } from '@ringfence/labels';
import type { EntityFact, LabelFact } from '../facts.js';
import { groupedBy } from './grouped-by.js';
import { fewProducts } from './products.js';
import type { Product, Triple } from './products.js';
import { hasPorts } from './seen-edge.js';
import type { SeenEdge } from './seen-edge.js';

/** `port`: role to role, on the ports that were seen. `role`: on all. `app`: everyone of an application to everyone, on all. */
export type Tightness = 'app' | 'role' | 'port';

export interface RuleWords {
  readonly labels: ReadonlyMap<LabelId, LabelFact>;
  readonly tightness: Tightness;
  /** Id of the service that is all of them. */
  readonly allServices: string;
  /** Of rule sets that exist: a suggestion changes none of them. */
  readonly taken: ReadonlySet<string>;
}

/** Beyond what any sequence gives: what is suggested comes after what exists, and is told apart by it. */
const FIRST_ID = 9_000_000_000_000_000;
export const isSuggested = (ruleSetId: string): boolean => Number(ruleSetId) >= FIRST_ID;

const APPLICATION = 'app';
const SCOPE_TYPES = [APPLICATION, 'env', 'loc'];

/** An end as rules name it: in a scope, by its role, or by itself. */
interface Speaker {
  readonly scope: readonly LabelId[];
  readonly who: RuleActor;
}

/** Why no rule can be made of it; null: one can. */
export function unsayable(
  { from, to, proto }: SeenEdge,
  words: Pick<RuleWords, 'labels' | 'tightness'>,
): string | null {
  const strange = [from, to].find(({ entity }) => entity === null || isMereService(entity, words));
  if (strange !== undefined)
    return `${strange.name} is no workload with labels: name its addresses in an IP list`;
  if (words.tightness === 'port' && !hasPorts(proto))
    return 'a rule needs a service for what has no ports: write one, or suggest by role';
  return null;
}

/** Its labels speak of whoever stands behind it; without them it is an address. */
const isMereService = (entity: EntityFact, words: Pick<RuleWords, 'labels' | 'tightness'>): boolean =>
  entity.class === 'service' && speakerOf(entity, words).who.kind === 'workload';

/** Of edges that can be said. The same edges in any order make the same rules. */
export function suggestedRuleSets(edges: readonly SeenEdge[], words: RuleWords): RuleSet[] {
  const chapters = new Map<string, Chapter>();
  for (const edge of edges) {
    const [consumer, provider] = [edge.from, edge.to].map(({ entity }) => speakerOf(entity!, words));
    const key = JSON.stringify([provider!.scope, consumer!.scope, provider!.who.kind, consumer!.who.kind]);
    const chapter = chapters.get(key) ?? { consumer: consumer!, provider: provider!, triples: [] };
    chapter.triples.push({
      consumers: JSON.stringify(consumer!.who),
      providers: JSON.stringify(provider!.who),
      services: JSON.stringify(serviceOf(edge, words)),
    });
    chapters.set(key, chapter);
  }
  const sorted = [...chapters.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, chapter]) => chapter);
  const byScope = groupedBy(sorted, ({ provider }) => JSON.stringify(provider.scope));
  let id = FIRST_ID;
  const taken = new Set(words.taken);
  return [...byScope.values()].map((parts) => {
    const { scope } = parts[0]!.provider;
    const name = freeName(scopeName(scope, words), taken);
    const rules = parts.flatMap((part) => fewProducts(part.triples).map((product) => ruleOf(product, part)));
    return {
      id: String(id++),
      name,
      description: '',
      enabled: true,
      scopes: [scope.map((label) => ({ kind: 'label' as const, id: label, exclusion: false }))],
      rules: rules.map((rule, index) => ({ ...rule, id: String(FIRST_ID + index) })),
      denyRules: [],
    };
  });
}

/** Rules between the same scopes, whose ends are named in the same way. */
interface Chapter {
  readonly consumer: Speaker;
  readonly provider: Speaker;
  readonly triples: Triple[];
}

function speakerOf(
  entity: EntityFact,
  { labels, tightness }: Pick<RuleWords, 'labels' | 'tightness'>,
): Speaker {
  const ofType = (type: string): LabelId[] => entity.labels.filter((id) => labels.get(id)?.key === type);
  if (ofType(APPLICATION).length === 0) return { scope: [], who: { kind: 'workload', id: entity.id } };
  const scope = SCOPE_TYPES.flatMap(ofType).sort(compareIntegerIds);
  if (tightness === 'app') return { scope, who: { kind: 'ams' } };
  const [role] = ofType('role');
  if (role === undefined) return { scope, who: { kind: 'workload', id: entity.id } };
  return { scope, who: { kind: 'label', id: role, exclusion: false } };
}

function serviceOf({ proto, port }: SeenEdge, { tightness, allServices }: RuleWords): ServiceRef {
  return tightness === 'port'
    ? { kind: 'ports', ports: { proto, from: port } }
    : { kind: 'service', id: allServices };
}

function ruleOf(product: Product, { consumer, provider }: Chapter): Omit<Rule, 'id'> {
  const read = <T>(texts: readonly string[]): T[] => texts.map((text) => JSON.parse(text) as T);
  const isWithin = consumer.scope.length > 0 && `${consumer.scope}` === `${provider.scope}`;
  const consumers = read<RuleActor>(product.consumers);
  return {
    enabled: true,
    description: '',
    providers: read(product.providers),
    consumers: isWithin ? consumers : outsiders(consumers, consumer.scope),
    services: read<ServiceRef>(product.services).sort(byPort),
    unscopedConsumers: !isWithin,
    resolveProvidersAs: ['workloads'],
    resolveConsumersAs: ['workloads'],
  };
}

/** From another scope they are named with it; a workload that is named by itself needs none. */
function outsiders(consumers: readonly RuleActor[], scope: readonly LabelId[]): RuleActor[] {
  const named = consumers.filter(({ kind }) => kind !== 'ams');
  if (named.some(({ kind }) => kind === 'workload')) return named;
  return [...named, ...scope.map((id) => ({ kind: 'label' as const, id, exclusion: false }))];
}

function byPort(a: ServiceRef, b: ServiceRef): number {
  const key = (service: ServiceRef): number =>
    service.kind === 'ports' ? (service.ports.from ?? 0) * 256 + service.ports.proto : 0;
  return key(a) - key(b);
}

const scopeName = (scope: readonly LabelId[], { labels }: RuleWords): string =>
  scope.length === 0 ? 'seen: no application' : `seen: ${scope.map((id) => labels.get(id)!.value).join(' ')}`;

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted} ${number}`;
  taken.add(name);
  return name;
}
