/** One side of a rule in one scope, as NetworkPolicies can say it: whom they select, and whom they name as peers. */
import type { IpList, RuleActor } from '@ringfence/contracts';
import { intersect } from '@ringfence/labels';
import type { Selector } from '@ringfence/labels';
import { cidrsOf, labelledSelector } from '@ringfence/policy-engine';
import type { References, Scope } from '@ringfence/policy-engine';
import { carriedIn, isUnsaid } from './carried.js';
import type { Carrying, FixedNamespace, Unsaid } from './carried.js';
import type { ExportBudget } from './export-budget.js';
import { namespacesCalled, selecting } from './manifest.js';
import type { PeerManifest, Requirement } from './manifest.js';

export interface Ground {
  readonly namespaces: readonly FixedNamespace[];
  readonly by: Carrying;
  readonly budget: ExportBudget;
  readonly references: References;
  ipList(id: string): IpList | undefined;
}
export interface SaidSide {
  /** What labels mean; null: nobody. */
  readonly selector: Selector | null;
  /** Whether it names anybody whom labels do not say. */
  readonly namesOthers: boolean;
  readonly peers: readonly PeerManifest[];
  readonly unsaid: readonly SideUnsaid[];
}
export interface SideUnsaid {
  readonly token: Unsaid['token'] | 'actor_not_said' | 'name_not_said';
  readonly what: string;
}

const ACTORS = {
  container_host: 'the node that hosts a Pod',
  workload: 'a workload by its name',
  virtual_service: 'a virtual service',
} as const;

export function saidSide(
  actors: readonly RuleActor[],
  scope: Scope,
  { ground, areWorkloads }: { readonly ground: Ground; readonly areWorkloads: boolean },
): SaidSide {
  const selector = areWorkloads ? labelledSelector(actors, ground.references, scope).meant : null;
  const { found, unsaid } = inNamespaces(selector, ground);
  const lists = actors.flatMap((actor) => (actor.kind === 'ip_list' ? (ground.ipList(actor.id) ?? []) : []));
  for (const { ranges } of lists) ground.budget.look(ranges.length);
  const blocks = lists.flatMap((list) => cidrsOf(list.ranges)).map((cidr) => ({ ipBlock: { cidr } }));
  return {
    selector,
    namesOthers: actors.some(({ kind }) => kind === 'ip_list' || kind in ACTORS),
    peers: [...podPeers(found), ...blocks],
    unsaid: [
      ...unsaid,
      ...actors.flatMap(({ kind }): SideUnsaid[] =>
        kind in ACTORS ? [{ token: 'actor_not_said', what: ACTORS[kind as keyof typeof ACTORS] }] : [],
      ),
      ...lists
        .filter(({ fqdns }) => fqdns.length > 0)
        .map(({ name }): SideUnsaid => ({ token: 'name_not_said', what: `the names of IP list "${name}"` })),
    ],
  };
}

export interface Found {
  readonly namespace: string;
  readonly pods: readonly Requirement[];
}

/** Where something is not said: which rule, of which rule set. */
const WORDS_AROUND = 150;

/** Where anybody can be meant, and by what; nowhere when that is too much. */
export function inNamespaces(
  selector: Selector | null,
  { namespaces, by, budget }: Ground,
): { readonly found: readonly Found[]; readonly unsaid: readonly Unsaid[] } {
  const found: Found[] = [];
  const unsaid: Unsaid[] = [];
  budget.look(namespaces.length * stepsOf(selector));
  if (budget.isSpent) return { found, unsaid };
  for (const namespace of namespaces) {
    const pods = carriedIn(selector, namespace, by);
    if (pods === 'nobody') continue;
    budget.write(isUnsaid(pods) ? pods.what.length + WORDS_AROUND : namespace.name.length);
    if (isUnsaid(pods)) unsaid.push(pods);
    else found.push({ namespace: namespace.name, pods });
  }
  return { found, unsaid };
}

const stepsOf = (selector: Selector | null): number =>
  (selector?.conditions ?? []).reduce(
    (sum, one) => sum + ('anyOf' in one ? one.anyOf : one.noneOf).length,
    1,
  );

/** Of both; null: nobody. */
export const both = (side: Selector | null, scope: Scope): Selector | null => intersect(side, scope.selector);

/** Namespaces in which the same is asked are one peer. */
function podPeers(found: readonly Found[]): PeerManifest[] {
  const byPods = new Map<string, { readonly pods: readonly Requirement[]; readonly names: string[] }>();
  for (const { namespace, pods } of found) {
    const key = JSON.stringify(pods);
    const known = byPods.get(key);
    if (known !== undefined) known.names.push(namespace);
    else byPods.set(key, { pods, names: [namespace] });
  }
  return [...byPods.values()].map(({ pods, names }) => ({
    namespaceSelector: namespacesCalled(names.sort()),
    podSelector: selecting(pods),
  }));
}
