/**
 * Objects that are only supposed: made of bodies as drafts are, and refused as drafts are, but stored nowhere. What they bring along has
 * ids of its own, which nobody else will ever have.
 */
import type { Actor, WhatIfBody } from '@ringfence/contracts';
import { isRejection } from '@ringfence/decider';
import { invalid, parsed, refusal } from '@ringfence/resources';
import { LabelCreate } from '@ringfence/contracts';
import type { LabelFact } from '../../domain/facts.js';
import { entryOf, evolve } from '../../domain/policy-book.js';
import type { Form, PolicyBook } from '../../domain/policy-book.js';
import type { ObjectKey } from '../../domain/policy-object.js';
import { policyDecider } from '../../domain/policy.decider.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import { provisionedWith } from '../../domain/provisioned-with.js';
import { kindOf } from '../../objects/kinds.js';
import type { PartIds } from '../../objects/object-kind.js';
import type { Body } from '../../objects/view.js';
import { objectKeyOf } from '../hrefs.js';
import { objectAfter, parsedBody } from './object-bodies.js';
import { knownElsewhere } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

type Changes = NonNullable<WhatIfBody['changes']>;
interface Asker extends Pick<ResourceContext, 'facts' | 'now'> {
  readonly actor: Actor;
}

export interface Supposed {
  /** They alone are provisioned in it. */
  readonly book: PolicyBook;
  readonly labels: readonly LabelFact[];
}

export function suppose(book: PolicyBook, form: Form, changes: Changes, asker: Asker): Supposed {
  if (form !== 'draft') throw invalid('changes: ask of the draft what they would change');
  const labels = changes.flatMap(labelOf);
  const objects = changes.flatMap((change) => objectOf(change));
  const command = {
    stamp: { at: asker.now().toISOString(), by: asker.actor },
    known: knownWith(labels, asker),
  };
  let drafted = book;
  let made = 0;
  const newId = (): string => `supposed-${(made += 1)}`;
  for (const { key, body } of objects) {
    const intent = intentOf(drafted, key, body, newId);
    const decided = policyDecider.decide(drafted, { intent, ...command });
    if (isRejection(decided)) throw refusal(decided);
    drafted = decided.reduce(evolve, drafted);
  }
  const keys = objects.map(({ key }) => key);
  return { book: provisionedWith(drafted, keys), labels };
}

const LABEL = /^\/orgs\/\d+\/labels\/([^/]+)$/;

function labelOf({ href, body }: Changes[number]): LabelFact[] {
  const id = LABEL.exec(href)?.[1];
  if (id === undefined) return [];
  if (body === null) throw invalid('changes: labels cannot be supposed to be gone');
  const { key, value } = parsed(LabelCreate, body);
  return [{ id, key, value }];
}

function objectOf({ href, body }: Changes[number]): { key: ObjectKey; body: Body | null }[] {
  if (LABEL.test(href)) return [];
  const key = objectKeyOf(href);
  if (key === null) throw invalid(`changes: "${href}" is no href of a policy object or a label`);
  return [{ key, body }];
}

function intentOf(
  book: PolicyBook,
  { type, id }: ObjectKey,
  body: Body | null,
  newId: () => string,
): PolicyIntent {
  if (body === null) return { do: 'delete', type, id };
  const entry = entryOf(book, type, id);
  const before = entry?.draft ?? entry?.active ?? kindOf(type).empty(id);
  const [make, op] = entry === undefined ? (['create', 'create'] as const) : (['change', 'update'] as const);
  const checked = parsedBody(type, op, body);
  return { do: make, type, object: objectAfter(type, checked, before, partsOf(type, checked, newId)) };
}

function partsOf(type: ObjectKey['type'], body: Body, newId: () => string): PartIds {
  const counts = Object.entries(kindOf(type).parts?.(body) ?? {});
  return Object.fromEntries(
    counts.map(([sequence, count]) => [sequence, Array.from({ length: count }, newId)]),
  );
}

function knownWith(labels: readonly LabelFact[], { facts }: Asker): ReturnType<typeof knownElsewhere> {
  const supposed = new Map(labels.map(({ id, key }) => [id, key]));
  const known = knownElsewhere(facts);
  return { ...known, labelKey: (id) => supposed.get(id) ?? known.labelKey(id) };
}
