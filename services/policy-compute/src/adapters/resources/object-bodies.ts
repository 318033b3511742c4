/** Bodies of objects of every type: what is the same for all of them; the rest is in their kinds (objects/). */
import { API } from '@ringfence/contracts';
import type { ProvisionableType } from '@ringfence/contracts';
import { capsFor, invalid, parsed } from '@ringfence/resources';
import type { PolicyObject, UpdateType } from '../../domain/policy-object.js';
import type { Entry } from '../../domain/policy-book.js';
import { isOwnWork } from '../../domain/second-person.js';
import { isCapable, liesInside } from '../../domain/within-scope.js';
import { kindOf } from '../../objects/kinds.js';
import type { PartIds, Shown } from '../../objects/object-kind.js';
import { extrasOf, metaOf } from '../../objects/view.js';
import type { Body, View } from '../../objects/view.js';
import { objectHref } from '../hrefs.js';

/** What a client sent, in the shape that the API says. */
export function parsedBody(collection: string, op: 'create' | 'update', body: unknown): Body {
  const schema = API[collection]?.[op];
  if (schema === undefined) throw invalid(`${collection} has no operation "${op}"`);
  return parsed(schema, body) as Body;
}

/** The whole object after the body. `before` is `empty` for a new one. Throws InvalidBody. */
export function objectAfter<T extends ProvisionableType>(
  type: T,
  body: Body,
  before: PolicyObject<T>,
  ids: PartIds,
): PolicyObject<T> {
  const kind = kindOf(type);
  const { extras, ...base } = before;
  const ended = Object.fromEntries((kind.ended?.(body) ?? []).map((field) => [field, null]));
  return {
    ...base,
    ...(body['name'] !== undefined && { name: body['name'] }),
    ...(body['description'] !== undefined && { description: body['description'] ?? '' }),
    ...kind.read(body, before, ids),
    ...extrasOf({ ...body, ...ended }, kind.extras, extras),
  } as PolicyObject<T>;
}

export interface ShownDraft<T extends ProvisionableType = ProvisionableType> extends Shown<T> {
  readonly type: T;
  readonly updateType: UpdateType | null;
}

export function showObject(shown: ShownDraft, view: View): Body {
  const { type, object, touched, updateType } = shown;
  return {
    href: objectHref({ type, id: object.id }, view.pversion),
    ...kindOf(type).show(shown, view),
    ...notEnforced(type, object),
    caps: capsOf(
      kindOf(type).ids === 'single' ? ['write', 'provision'] : ['write', 'provision', 'delete'],
      shown.entry ?? standing(shown),
      view,
    ),
    ...metaOf(touched, updateType),
    update_type: updateType,
  };
}

/** Of an older version, which has no entry. */
const standing = ({ type, object, touched }: ShownDraft): Entry => ({
  ...{ type, id: object.id, draft: object, active: object },
  ...{ updateType: null, touched, activeTouched: touched, writers: [] },
});

/** What the caller may do with it. */
export function capsOf(
  all: readonly string[],
  entry: Entry,
  view: Pick<View, 'book' | 'caps' | 'reader'>,
): string[] {
  const { book, reader } = view;
  const caps = capsFor(view, all, (cap, within) => isCapable(book, cap, entry, within));
  const isOwn = reader !== undefined && isOwnWork(book, entry, reader);
  return isOwn ? caps.filter((cap) => cap !== 'provision') : caps;
}

export const maySee = ({ type, object }: ShownDraft, { book, within }: View): boolean =>
  within === undefined || liesInside(book, type, object, within);

/** Said wherever the object is shown, so that nobody believes that it is in force. */
export function notEnforced<T extends ProvisionableType>(type: T, object: PolicyObject<T>): Body {
  const why = kindOf(type).notEnforced?.(object) ?? null;
  return why === null ? {} : { not_enforced: why };
}
