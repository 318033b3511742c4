/** Lists, reads, drafts and deletions of policy objects, the same for every type. */
import type { ProvisionableType, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { invalid, notFound, page, refuseFilters, refuseIfChanged } from '@ringfence/resources';
import { entriesOf, entryOf } from '../../domain/policy-book.js';
import type { Entry, PolicyBook } from '../../domain/policy-book.js';
import { usageOf } from '../../domain/object-usage.js';
import { objectsAtVersion } from '../../read/policy-objects.projection.js';
import { kindOf } from '../../objects/kinds.js';
import type { PartIds } from '../../objects/object-kind.js';
import type { Body, View } from '../../objects/view.js';
import { wantedFlag } from '../../objects/wanted.js';
import { SINGLE_ID } from '../hrefs.js';
import { filtersOf } from './list-filters.js';
import { newIds } from './new-ids.js';
import { maySee, objectAfter, parsedBody, showObject } from './object-bodies.js';
import type { ShownDraft } from './object-bodies.js';
import { draftOnly, execute, stampOf } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

export async function answerObjects(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const id = kindOf(type).ids === 'single' ? SINGLE_ID : (request.ids[0] ?? '');
  switch (request.op) {
    case 'list':
      return list(context, type, request);
    case 'get':
      return { body: await get(context, type, request, id) };
    case 'create':
      return { body: await create(context, type, request) };
    case 'update':
      await update(context, type, request, id);
      return {};
    case 'delete':
      draftOnly(request);
      await execute(context, request, (book) => {
        unchangedSince(request, entryOf(book, type, id), viewIn(context, request, book));
        return { do: 'delete', type, id };
      });
      return {};
    default:
      return nested(context, type, request, id);
  }
}

/** As the caller is shown it: what he may see, and what he may do with it. */
export const viewIn = (context: ResourceContext, request: ResourceRequest, book: PolicyBook): View => {
  const { pversion = 'draft', within, caps } = request;
  const reader = stampOf(context, request);
  const { facts } = context;
  return { pversion, book, facts, reader, ...(within && { within }), ...(caps && { caps }) };
};

export async function viewOf(context: ResourceContext, request: ResourceRequest): Promise<View> {
  return viewIn(context, request, await context.book.current());
}

/** What stands in the form that the request names: draft, active, or an older version. */
async function shownObjects(
  context: ResourceContext,
  type: ProvisionableType,
  view: View,
): Promise<ShownDraft[]> {
  if (view.pversion === 'draft' || view.pversion === 'active') {
    return [...entriesOf(view.book, type)].flatMap((entry) => shownEntry(entry, view) ?? []);
  }
  const version = versionOf(view);
  const objects = await objectsAtVersion(context.book.store.entities, version);
  return objects.flatMap(({ type: each, object, touched }) =>
    each === type && object !== null ? [{ type, object, touched, updateType: null, entry: null }] : [],
  );
}

function versionOf({ pversion, book }: View): number {
  const version = /^[1-9][0-9]{0,8}$/.test(pversion) ? Number(pversion) : Infinity;
  if (version > book.version) throw notFound(`policy version ${pversion}`);
  return version;
}

/** A draft that is marked for deletion shows what would be deleted. */
export function shownEntry(entry: Entry, view: View): ShownDraft | null {
  if (view.pversion === 'active') {
    const { type, active, activeTouched, touched } = entry;
    return active === null
      ? null
      : { type, object: active, touched: activeTouched ?? touched, updateType: null, entry };
  }
  const object = entry.draft ?? entry.active;
  return object === null
    ? null
    : { type: entry.type, object, touched: entry.touched, updateType: entry.updateType, entry };
}

export async function shownObject(
  context: ResourceContext,
  type: ProvisionableType,
  id: string,
  view: View,
): Promise<ShownDraft> {
  const entry = entryOf(view.book, type, id);
  const isCurrent = view.pversion === 'draft' || view.pversion === 'active';
  const shown = isCurrent
    ? entry && shownEntry(entry, view)
    : (await shownObjects(context, type, view)).find((each) => each.object.id === id);
  if (!shown || !maySee(shown, view)) throw notFound(`${kindOf(type).noun} ${id} in ${view.pversion}`);
  return shown;
}

async function list(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  refuseFilters(request.query, kindOf(type).refusedFilters ?? []);
  const view = await viewOf(context, request);
  const all = (await shownObjects(context, type, view)).filter((each) => maySee(each, view));
  const { matched, shown } = page(all, request.query, filtersOf(type));
  const body = shown.map((each) => ({ ...showObject(each, view), ...usageAsked(each, request, view) }));
  return { body, total: all.length, matched: matched.length };
}

async function get(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<Body> {
  const view = await viewOf(context, request);
  const shown = await shownObject(context, type, id, view);
  return { ...showObject(shown, view), ...usageAsked(shown, request, view) };
}

/** Only where it is asked for: it looks through the whole policy. */
function usageAsked({ type, object }: ShownDraft, { query }: ResourceRequest, { book }: View): Body {
  const asked = query['usage'];
  return asked !== undefined && wantedFlag('usage', asked)
    ? { usage: usageOf(book, { type, id: object.id }) }
    : {};
}

async function nested(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<ResourceResponse> {
  const collection = kindOf(type).nested?.[request.op];
  if (collection === undefined) throw invalid(`${type} has no operation "${request.op}"`);
  const view = await viewOf(context, request);
  await shownObject(context, type, id, view);
  const body = collection(id, view);
  return { body, total: body.length, matched: body.length };
}

async function create(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
): Promise<Body> {
  draftOnly(request);
  const body = parsedBody(type, 'create', request.body);
  const empty = kindOf(type).empty((await newIds(context, type, 1))[0]!);
  const object = objectAfter(type, body, empty, await partIds(context, type, body));
  const { book } = await execute(context, request, () => ({ do: 'create', type, object }));
  const view = viewIn(context, request, book);
  return showObject(shownEntry(entryOf(book, type, object.id)!, view)!, view);
}

async function update(
  context: ResourceContext,
  type: ProvisionableType,
  request: ResourceRequest,
  id: string,
): Promise<void> {
  draftOnly(request);
  const body = parsedBody(type, 'update', request.body);
  const ids = await partIds(context, type, body);
  await execute(context, request, (book) => {
    const entry = entryOf(book, type, id);
    if (entry === undefined) throw notFound(`${kindOf(type).noun} ${id}`);
    unchangedSince(request, entry, viewIn(context, request, book));
    // The decider leaves what is marked for deletion as it is; the body is checked all the same.
    const before = (entry.draft ?? entry.active)!;
    return { do: 'change', type, object: objectAfter(type, body, before, structuredClone(ids)) };
  });
}

/** As the caller has read it, where he says so. */
function unchangedSince({ ifMatch }: ResourceRequest, entry: Entry | undefined, view: View): void {
  if (entry !== undefined) refuseIfChanged(ifMatch, () => showObject(shownEntry(entry, view)!, view));
}

async function partIds(context: ResourceContext, type: ProvisionableType, body: Body): Promise<PartIds> {
  const ids: Record<string, string[]> = {};
  for (const [sequence, count] of Object.entries(kindOf(type).parts?.(body) ?? {}))
    ids[sequence] = count === 0 ? [] : await context.book.store.nextIds(sequence, count);
  return ids;
}
