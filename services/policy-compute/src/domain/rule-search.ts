/** Whether a rule names what is searched for: by its words, or, resolved, by whom its words mean. */
import type { PortRange, RuleActor, ServiceRef } from '@ringfence/contracts';
import { onPorts } from '@ringfence/policy-engine';
import { kindOf } from '../objects/kinds.js';
import type { FactLookup } from '../objects/view.js';
import { entryOf } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';
import type { PolicyObject } from './policy-object.js';
import { packetsOf } from './rules-between.js';

/** What is known where a search resolves. */
export interface Resolving {
  readonly book: PolicyBook;
  readonly form: Form;
  readonly facts: FactLookup;
}

/** Every actor that is wanted must be named by the side; `resolving` null: word by word. */
export const namesAll = (
  side: readonly RuleActor[],
  wanted: readonly RuleActor[],
  resolving: Resolving | null,
): boolean =>
  wanted.every((actor) => side.some((named) => isSame(named, actor)) || meansActor(side, actor, resolving));

const isSame = (a: RuleActor, b: RuleActor): boolean =>
  a.kind === b.kind && ('id' in a ? 'id' in b && a.id === b.id : true) && isExclusion(a) === isExclusion(b);

const isExclusion = (actor: RuleActor): boolean => 'exclusion' in actor && actor.exclusion;

function meansActor(side: readonly RuleActor[], wanted: RuleActor, resolving: Resolving | null): boolean {
  if (resolving === null) return false;
  const labels = labelsOf(wanted, resolving);
  if (labels === null) return false;
  if (side.some(({ kind }) => kind === 'ams')) return true;
  const named = side.filter((actor) => actor.kind === 'label' || actor.kind === 'label_group');
  const byType = new Map<string, { of: Set<string>; not: Set<string> }>();
  for (const actor of named) {
    const { key, ids } = labelsNamed(actor, resolving);
    const type = byType.get(key) ?? { of: new Set(), not: new Set() };
    byType.set(key, type);
    for (const id of ids) type[isExclusion(actor) ? 'not' : 'of'].add(id);
  }
  return byType.size > 0 && [...byType].every(([key, type]) => meets(labels, key, type, resolving));
}

/** What a workload carries, or the label itself; null: it has no labels. */
function labelsOf(wanted: RuleActor, { facts }: Resolving): readonly string[] | null {
  if (wanted.kind === 'label') return [wanted.id];
  return wanted.kind === 'workload' ? (facts.entities.get(wanted.id)?.labels ?? null) : null;
}

/** Of types that a single label is not of nothing is asked: it is searched for, whatever goes with it. */
function meets(
  labels: readonly string[],
  key: string,
  { of, not }: { of: ReadonlySet<string>; not: ReadonlySet<string> },
  { facts }: Resolving,
): boolean {
  const own = labels.find((id) => facts.labels.get(id)?.key === key);
  if (own === undefined) return labels.length === 1;
  return (of.size === 0 || of.has(own)) && !not.has(own);
}

function labelsNamed(
  actor: RuleActor & { readonly id: string },
  { book, form, facts }: Resolving,
): { key: string; ids: readonly string[] } {
  if (actor.kind === 'label') return { key: facts.labels.get(actor.id)?.key ?? '', ids: [actor.id] };
  const groupOf = (id: string): PolicyObject<'label_groups'> => ({
    ...kindOf('label_groups').empty(id),
    ...entryOf(book, 'label_groups', id)?.[form],
  });
  const groups = new Set([actor.id]);
  for (const id of groups) for (const sub of groupOf(id).subGroups) groups.add(sub);
  return { key: groupOf(actor.id).key, ids: [...groups].flatMap((id) => groupOf(id).labels) };
}

/** Each wanted service by name, or each wanted port among the rule's own. */
export function coversServices(named: readonly ServiceRef[], wanted: readonly ServiceRef[]): boolean {
  const ports: PortRange[] = named.flatMap((service) => (service.kind === 'ports' ? [service.ports] : []));
  return wanted.every((service) =>
    service.kind === 'service'
      ? named.some((each) => each.kind === 'service' && each.id === service.id)
      : packetsOf(service.ports).every((packet) => onPorts(ports, { ...packet, peer: '' })),
  );
}
