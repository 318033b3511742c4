/** What a body is shown with: which form, and what the ids in it are called. */
import { actorHref } from '@ringfence/contracts';
import type { Actor, Grant, ProvisionableType } from '@ringfence/contracts';
import type { EntityFact, LabelFact } from '../domain/facts.js';
import { entryOf } from '../domain/policy-book.js';
import type { PolicyBook } from '../domain/policy-book.js';
import type { Extras, PolicyObject, Stamp, Touched, UpdateType } from '../domain/policy-object.js';

export interface FactLookup {
  readonly labels: ReadonlyMap<string, LabelFact>;
  readonly entities: ReadonlyMap<string, EntityFact>;
  /** Workloads that were there once. */
  readonly gone: ReadonlyMap<string, Pick<EntityFact, 'name' | 'class'>>;
}

export interface View {
  /** `draft`, `active` or a version's number: the segment of every href in the body. */
  readonly pversion: string;
  readonly book: PolicyBook;
  readonly facts: FactLookup;
  /** What its reader may see of it, and what he may do with that; absent: all. */
  readonly within?: readonly Grant[];
  readonly caps?: Readonly<Record<string, readonly Grant[] | null>>;
  /** Its reader, and when; absent: whoever it is. */
  readonly reader?: Stamp;
}

export type Body = Record<string, unknown>;

/** An object that another one names, in the form that is being shown as far as it has that form. */
export function named<T extends ProvisionableType>(view: View, type: T, id: string): PolicyObject<T> | null {
  const entry = entryOf(view.book, type, id);
  if (entry === undefined) return null;
  return view.pversion === 'draft' ? (entry.draft ?? entry.active) : (entry.active ?? entry.draft);
}

/** Nulls and absent values are left out: some clients cannot take a null. */
export function withoutAbsent(body: Body): Body {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** What is marked for deletion is deleted since then: a draft takes no other change after. */
export function metaOf({ created, updated }: Touched, updateType: UpdateType | null): Body {
  const isDeleted = updateType === 'delete';
  return {
    created_at: created.at,
    updated_at: updated.at,
    deleted_at: isDeleted ? updated.at : null,
    created_by: by(created.by),
    updated_by: by(updated.by),
    deleted_by: isDeleted ? by(updated.by) : null,
  };
}
const by = (actor: Actor): { href: string } => ({ href: actorHref(actor) });

/** The fields of a body that are kept as they are; null and empty text end one. Fields that are not named stay. */
export function extrasOf(
  body: Body,
  fields: readonly string[],
  before: Extras | undefined,
): { extras?: Extras } {
  const extras: Record<string, unknown> = { ...before };
  for (const field of fields) {
    if (!(field in body) || body[field] === undefined) continue;
    if (body[field] === null || body[field] === '') delete extras[field];
    else extras[field] = body[field];
  }
  return Object.keys(extras).length === 0 ? {} : { extras };
}

export const EXTERNAL_REFERENCE = ['external_data_set', 'external_data_reference'] as const;
/** Always there, null where there is none: clients compare them. */
export function externalReferenceOf(extras: Extras | undefined): Body {
  return Object.fromEntries(EXTERNAL_REFERENCE.map((field) => [field, extras?.[field] ?? null]));
}
