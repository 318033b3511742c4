/**
 * From what was seen to rules that would let it pass, and what that means: which edges are covered and by which rule, which would
 * be blocked still and why, and what the rules let pass beside. Judged by the engine itself, as if every end were enforced in full.
 */
import type { PolicyObjects, RuleSet } from '@ringfence/contracts';
import { labelSetId } from '@ringfence/labels';
import type { Explanation } from '@ringfence/policy-engine';
import { ruleRefs } from '@ringfence/policy-engine';
import type { EntityFact } from '../facts.js';
import { IN_FULL, judgedByLabels } from '../judged-by-labels.js';
import type { PolicyPreview } from '../policy-preview.js';
import type { StandingPolicy } from '../standing-policy.js';
import { groupedBy } from './grouped-by.js';
import { suggestedRuleSets, unsayable } from './suggested-rules.js';
import type { RuleWords, Tightness } from './suggested-rules.js';
import type { SeenEdge } from './seen-edge.js';

export interface SuggestionWorld extends Omit<RuleWords, 'tightness' | 'taken'> {
  readonly entities: ReadonlyMap<string, EntityFact>;
  /** The draft: what it allows already needs no further rule. */
  readonly objects: PolicyObjects;
  readonly preview: Pick<PolicyPreview, 'with'>;
  ruleName(ref: string): string;
}

export interface Suggestion {
  /** What is missing in the draft; none of it is in there. */
  readonly ruleSets: readonly RuleSet[];
  readonly evidence: readonly Evidence[];
  /** Each edge once, in the order given. */
  readonly outcomes: readonly EdgeOutcome[];
}

/** Why there is this rule, and what it lets pass that nobody has seen. */
export interface Evidence {
  readonly ruleSet: string;
  readonly rule: string;
  readonly edges: readonly SeenEdge[];
  readonly wider: Wider;
}
export interface Wider {
  /** Pairs of workloads that the rule connects, as they are today, and those of them that were never seen. */
  readonly pairs: number;
  readonly unseen: number;
  /** Some of the latter by name. */
  readonly examples: readonly string[];
}

/** `existing`: the draft allows it. `unmanaged`: nobody would block it. */
export type Coverage = 'essential' | 'unmanaged' | 'existing' | 'suggested' | 'blocked';
export interface EdgeOutcome {
  readonly edge: SeenEdge;
  readonly coverage: Coverage;
  /** Why it would be blocked. */
  readonly reason: string | null;
}

type Standings = ReadonlyMap<string, StandingPolicy>;

export function suggestPolicy(
  edges: readonly SeenEdge[],
  tightness: Tightness,
  world: SuggestionWorld,
): Suggestion {
  const words = { labels: world.labels, tightness };
  const before = judgedInFull(edges, world.preview.with(world.objects));
  const wanting = edges.filter(
    (edge, index) => !edge.essential && unsayable(edge, words) === null && mayBeHelped(before[index]!),
  );
  const taken = new Set(world.objects.rule_sets.map(({ name }) => name));
  const ruleSets = suggestedRuleSets(wanting, { ...world, tightness, taken });
  const standings = world.preview.with({
    ...world.objects,
    rule_sets: [...world.objects.rule_sets, ...ruleSets],
  });
  const after = judgedInFull(edges, standings);
  const outcomes = edges.map((edge, index) => {
    const now = after[index]!;
    const coverage = coverageOf(edge, before[index]!, now);
    const reason = coverage === 'blocked' ? reasonOf(edge, now, { tightness, world }) : null;
    return { edge, coverage, reason };
  });
  return { ruleSets, outcomes, evidence: evidenceOf(ruleSets, edges, after, { standings, world }) };
}

const judgedInFull = (edges: readonly SeenEdge[], standings: Standings): Explanation[] =>
  edges.map(
    ({ from, to, proto, port }) =>
      judgedByLabels({ from, to, packet: { proto, port } }, (cluster) => standings.get(cluster), IN_FULL)
        .explanation,
  );

/** No allow rule stands above one that denies first. */
const mayBeHelped = ({ reason, source, destination }: Explanation): boolean =>
  (reason.kind === 'rule-missing' || reason.kind === 'denied') &&
  [source, destination].every((end) => end?.rule?.class !== 'override_deny');

function coverageOf(edge: SeenEdge, before: Explanation, after: Explanation): Coverage {
  if (edge.essential) return 'essential';
  if (before.reason.kind === 'not-enforced') return 'unmanaged';
  if (before.reason.kind === 'allowed') return 'existing';
  return after.reason.kind === 'allowed' ? 'suggested' : 'blocked';
}

function reasonOf(
  edge: SeenEdge,
  { reason }: Explanation,
  { tightness, world }: { readonly tightness: Tightness; readonly world: SuggestionWorld },
): string {
  if (reason.kind === 'denied') return `denied by ${world.ruleName(reason.rule.ref)}`;
  return unsayable(edge, { labels: world.labels, tightness }) ?? 'no rule of labels reaches it';
}

function evidenceOf(
  ruleSets: readonly RuleSet[],
  edges: readonly SeenEdge[],
  after: readonly Explanation[],
  { standings, world }: { readonly standings: Standings; readonly world: SuggestionWorld },
): Evidence[] {
  const byRef = new Map<string, SeenEdge[]>();
  for (const [index, { reason }] of after.entries()) {
    if (reason.kind !== 'allowed') continue;
    for (const ref of new Set(reason.rules.map((rule) => rule.ref)))
      byRef.set(ref, [...(byRef.get(ref) ?? []), edges[index]!]);
  }
  const membersOf = membersByLabelSet(world.entities.values());
  return ruleSets.flatMap(({ id: ruleSet, rules }) =>
    rules.map(({ id: rule }) => {
      const ref = ruleRefs.rule(ruleSet, rule);
      const seen = byRef.get(ref) ?? [];
      return { ruleSet, rule, edges: seen, wider: widerThan(seen, ref, standings, membersOf) };
    }),
  );
}

function membersByLabelSet(entities: Iterable<EntityFact>): ReadonlyMap<string, EntityFact[]> {
  const enforced = [...entities].filter((entity) => entity.class === 'pod' || entity.class === 'node');
  return groupedBy(enforced, labelSetId);
}

const EXAMPLES = 3;

function widerThan(
  seen: readonly SeenEdge[],
  ref: string,
  standings: Standings,
  membersOf: ReadonlyMap<string, readonly EntityFact[]>,
): Wider {
  const [consumers, providers] = (['egress', 'ingress'] as const).map((direction) =>
    [...standings.values()].flatMap((standing) =>
      whoHas(standing, direction, ref).flatMap(({ labelSet, only }) =>
        (membersOf.get(labelSet) ?? []).filter(({ id }) => only === undefined || only.includes(id)),
      ),
    ),
  );
  const known = new Set(seen.map(({ from, to }) => `${from.entity?.id} ${to.entity?.id}`));
  const examples: string[] = [];
  for (const from of consumers!)
    for (const to of providers!) {
      if (examples.length === EXAMPLES) break;
      if (!known.has(`${from.id} ${to.id}`)) examples.push(`${nameOf(from)} → ${nameOf(to)}`);
    }
  const pairs = consumers!.length * providers!.length;
  return { pairs, unseen: Math.max(0, pairs - known.size), examples };
}

const nameOf = ({ namespace, name }: EntityFact): string =>
  namespace === null ? name : `${namespace}/${name}`;

/** Label sets that have the rule on this side, and which of their workloads it means. */
function whoHas(
  standing: StandingPolicy,
  direction: 'ingress' | 'egress',
  ref: string,
): { labelSet: string; only: readonly string[] | undefined }[] {
  return [...standing.units.keys()].flatMap((labelSet) =>
    (standing.unit(labelSet)?.[direction] ?? [])
      .filter((rule) => rule.ref === ref)
      .map(({ onlyWorkloads: only }) => ({ labelSet, only })),
  );
}
