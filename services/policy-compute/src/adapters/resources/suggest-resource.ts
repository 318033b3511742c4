/** Rules suggested from traffic, in the bodies of the API; nothing is drafted. */
import { Suggest } from '@ringfence/contracts';
import type { FlowEdge, ResourceRequest, RuleSet, Suggestion } from '@ringfence/contracts';
import { parsed } from '@ringfence/resources';
import { policyObjects } from '../../domain/policy-book.js';
import { ruleNames } from '../../domain/rule-names.js';
import { protocolName } from '../../domain/suggestion/seen-edge.js';
import type { SeenEdge } from '../../domain/suggestion/seen-edge.js';
import { suggestPolicy } from '../../domain/suggestion/suggestion.js';
import type { EdgeOutcome, Evidence } from '../../domain/suggestion/suggestion.js';
import { showScopes } from '../../objects/scopes.js';
import { ALL_SERVICES } from '../../objects/services.js';
import { showSides } from '../../objects/sides.js';
import type { View } from '../../objects/view.js';
import { draftOnly } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';
import { seenEdges } from './seen-edges.js';

/** Of what was seen under one rule; the rest is a count. */
const SHOWN_EDGES = 10;

export async function suggest(context: ResourceContext, request: ResourceRequest): Promise<Suggestion> {
  draftOnly(request);
  const { edges: given, tightness } = parsed(Suggest, request.body);
  const edges = seenEdges(given, context.facts);
  const book = await context.book.current();
  const names = ruleNames(book, 'draft');
  const { ruleSets, evidence, outcomes } = suggestPolicy(edges, tightness, {
    ...context.facts,
    objects: policyObjects(book, 'draft'),
    preview: context.preview(),
    allServices: ALL_SERVICES.id,
    ruleName: (ref) => names.get(ref) ?? ref,
  });
  const view: View = { pversion: 'draft', book, facts: context.facts };
  const count = (coverage: EdgeOutcome['coverage']): number =>
    outcomes.filter((outcome) => outcome.coverage === coverage).length;
  return {
    tightness,
    rule_sets: ruleSets.map((ruleSet) => showRuleSet(ruleSet, view)),
    evidence: evidence.map((each) => showEvidence(each, ruleSets)),
    coverage: {
      essential: count('essential'),
      unmanaged: count('unmanaged'),
      existing: count('existing'),
      suggested: count('suggested'),
      blocked: count('blocked'),
    },
    blocked: outcomes
      .map(({ reason }, index) => ({ edge: given[index]!, reason }))
      .filter((one): one is { edge: FlowEdge; reason: string } => one.reason !== null)
      .map(({ edge, reason }) => ({ ...edge, reason }))
      .sort((a, b) => b.num_connections - a.num_connections),
  };
}

/** A body that creates it. */
const showRuleSet = ({ name, scopes, rules }: RuleSet, view: View): Suggestion['rule_sets'][number] => ({
  name,
  scopes: showScopes(scopes, view),
  rules: rules.map((rule) => ({
    ...showSides(rule, view),
    enabled: rule.enabled,
    unscoped_consumers: rule.unscopedConsumers,
    resolve_labels_as: { providers: rule.resolveProvidersAs, consumers: rule.resolveConsumersAs },
  })),
});

function showEvidence(
  { ruleSet, rule, edges, wider }: Evidence,
  ruleSets: readonly RuleSet[],
): Suggestion['evidence'][number] {
  const at = ruleSets.findIndex(({ id }) => id === ruleSet);
  const busiest = edges.toSorted((a, b) => b.connections - a.connections);
  return {
    rule_set: at,
    rule: ruleSets[at]!.rules.findIndex(({ id }) => id === rule),
    num_connections: edges.reduce((sum, { connections }) => sum + connections, 0),
    last_detected:
      edges
        .map(({ lastSeen }) => lastSeen)
        .sort()
        .at(-1) ?? '',
    seen: busiest.slice(0, SHOWN_EDGES).map(edgeWords),
    seen_count: edges.length,
    pairs: wider.pairs,
    unseen_pairs: wider.unseen,
    unseen: [...wider.examples],
  };
}

const edgeWords = ({ from, to, proto, port }: SeenEdge): string =>
  `${from.name} → ${to.name} ${port}/${protocolName(proto)}`;
