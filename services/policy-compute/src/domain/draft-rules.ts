/** What a draft must keep to in the company of all others: names, references, and what its type demands. */
import type { LabelId, ProvisionableType } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { kindOf } from '../objects/kinds.js';
import { Outcome } from './dependencies.js';
import type { Operation } from './dependencies.js';
import { groupsOf, nestingProblem } from './label-group-cycle.js';
import { entriesOf, entryOf } from './policy-book.js';
import type { PolicyBook } from './policy-book.js';
import type { ObjectKey, PolicyObject } from './policy-object.js';
import { referencesByText } from './references.js';
import type { ObjectReference } from './references.js';

/** What this service only knows from others. */
export interface KnownElsewhere {
  /** The type of a label; undefined: there is no such label. */
  labelKey(id: LabelId): string | undefined;
  hasWorkload(id: string): boolean;
}

type Check = (
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
  known: KnownElsewhere,
) => Rejection | null;
const CHECKS: readonly Check[] = [nameTaken, externalReferenceTaken, unknownReference, ownProblem];

/** The first thing that speaks against this draft, or null. */
export function draftProblem(
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
  known: KnownElsewhere,
): Rejection | null {
  for (const check of CHECKS) {
    const problem = check(book, type, object, known);
    if (problem !== null) return problem;
  }
  return null;
}

/** A name is taken as long as a draft or an active object has it, also while that is marked for deletion. */
function nameTaken(book: PolicyBook, type: ProvisionableType, object: PolicyObject): Rejection | null {
  const { nameTaken: reason, noun } = kindOf(type);
  if (reason === null) return null;
  for (const entry of entriesOf(book, type)) {
    const taken = entry.draft?.name === object.name || entry.active?.name === object.name;
    if (taken && entry.id !== object.id) {
      return reject(
        reason,
        `the name "${object.name}" is already in use by ${noun} ${entry.id}; names must be unique`,
        'ALREADY_EXISTS',
      );
    }
  }
  return null;
}

function externalReferenceTaken(
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
): Rejection | null {
  const own = externalReference(object);
  if ((own.set === null) !== (own.reference === null)) {
    const message = 'external_data_set and external_data_reference go together: give both or none';
    return reject('input-validation-error', message, 'INVALID_ARGUMENT');
  }
  if (own.set === null) return null;
  for (const entry of entriesOf(book, type)) {
    const other = externalReference((entry.draft ?? entry.active)!);
    if (other.set === own.set && other.reference === own.reference && entry.id !== object.id) {
      const message = `external_data_set "${own.set}" with external_data_reference "${own.reference}" is taken; the pair must be unique`;
      return reject('external-reference-not-unique', message, 'ALREADY_EXISTS');
    }
  }
  return null;
}

function externalReference({ extras }: PolicyObject): { set: string | null; reference: string | null } {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { set: text(extras?.['external_data_set']), reference: text(extras?.['external_data_reference']) };
}

/** Only what is newly named must be there: a label or workload that went away leaves its rules valid. */
function unknownReference(
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
  known: KnownElsewhere,
): Rejection | null {
  const entry = entryOf(book, type, object.id);
  const forms = [entry?.draft, entry?.active].flatMap((form) => (form ? [referencesByText(type, form)] : []));
  for (const [text, reference] of referencesByText(type, object)) {
    const message = forms.some((named) => named.has(text)) ? null : missing(book, reference, known);
    if (message !== null) return reject('reference-not-found', message, 'INVALID_ARGUMENT');
  }
  return null;
}

function missing(book: PolicyBook, { kind, id }: ObjectReference, known: KnownElsewhere): string | null {
  switch (kind) {
    case 'labels':
      return known.labelKey(id) === undefined ? `there is no label ${id}` : null;
    case 'workloads':
      return known.hasWorkload(id) ? null : `there is no workload ${id}`;
    default: {
      const entry = entryOf(book, kind, id);
      if (entry === undefined) return `there is no ${kindOf(kind).noun} ${id}`;
      return entry.draft === null ? `${kindOf(kind).noun} ${id} is marked for deletion` : null;
    }
  }
}

/** What the type of the object demands beside. */
function ownProblem(
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
  known: KnownElsewhere,
): Rejection | null {
  return kindOf(type).problem?.(object, { book, known }) ?? null;
}

/** Drafts and active forms may each be without a cycle and a mixture of them not. */
export function groupCycleAfter(
  book: PolicyBook,
  chosen: Iterable<ObjectKey>,
  operation: Operation,
): Rejection | null {
  const outcome = new Outcome(book, chosen, operation);
  return nestingProblem(groupsOf(book, (entry) => outcome.objectOf(entry)));
}
