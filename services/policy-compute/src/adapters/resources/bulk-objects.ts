/**
 * Many objects in one call: each is drafted or refused in its place, on the draft as those before it leave it, and what they change
 * is one transaction.
 */
import { CallError } from '@ringfence/bus';
import { IpListUpload, VirtualServiceBulkUpdate, VirtualServiceCreate } from '@ringfence/contracts';
import type {
  ObjectChange,
  ProvisionableType,
  ResourceRequest,
  ResourceResponse,
} from '@ringfence/contracts';
import {
  accepted,
  bulkAnswer,
  bulkItems,
  changeBetween,
  changesWithin,
  notFound,
} from '@ringfence/resources';
import type { Outcome } from '@ringfence/resources';
import { entriesOf, entryOf } from '../../domain/policy-book.js';
import type { PolicyBook } from '../../domain/policy-book.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import { idOf } from '../../objects/hrefs.js';
import { kindOf } from '../../objects/kinds.js';
import type { Body } from '../../objects/view.js';
import { objectHref } from '../hrefs.js';
import { newIds } from './new-ids.js';
import { objectAfter, showObject } from './object-bodies.js';
import { shownEntry, viewIn } from './object-resources.js';
import { draftOnly, executeEach } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

type BulkType = 'ip_lists' | 'virtual_services';
type Bulk = (typeof OPERATIONS)[keyof typeof OPERATIONS];

const OPERATIONS = {
  bulk_create: { item: VirtualServiceCreate, mayChange: false },
  bulk_update: { item: VirtualServiceBulkUpdate, mayChange: true },
  bulk_upload: { item: IpListUpload, mayChange: true },
} as const;

export const bulkOperation = (op: string): Bulk | undefined =>
  new Map<string, Bulk>(Object.entries(OPERATIONS)).get(op);

/** What became of one item. */
interface Drafted {
  readonly id: string;
  readonly status: 'created' | 'updated';
  /** As it was shown before, for the audit trail; null: it was not there. */
  readonly before: Body | null;
}

export async function answerBulk(
  context: ResourceContext,
  type: BulkType,
  { item, mayChange }: Bulk,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  draftOnly(request);
  const items = bulkItems(item, request.body) as Outcome<Body>[];
  const bodies = accepted(items);
  const show = showing(context, type, request);
  const ids = await newIds(context, type, bodies.length);
  const drafted: Drafted[] = [];
  const { refusals, book: after } = await executeEach(
    context,
    request,
    bodies.map((body, i) => (book) => {
      const existing = mayChange ? existingId(book, type, body) : undefined;
      drafted[i] =
        existing === undefined
          ? { id: ids[i]!, status: 'created', before: null }
          : { id: existing, status: 'updated', before: show(book, existing) };
      return intentOf(book, type, drafted[i].id, body);
    }),
  );
  const done = bodies.map((_, i): Outcome<Drafted> => refusals[i] ?? drafted[i]!);
  const changes = mayChange ? changesOf(accepted(done), (id) => show(after, id)) : undefined;
  const outcomes = items.map((each) => (each instanceof CallError ? each : done.shift()!));
  const answer = bulkAnswer(request.body, outcomes, ({ id, status }) => ({
    href: objectHref({ type, id }, 'draft'),
    status,
  }));
  return { ...answer, ...(changes && { changes }) };
}

/** What is recorded is all of it, whatever part of it all the caller may see. */
function showing(context: ResourceContext, type: BulkType, { within: _, ...whole }: ResourceRequest) {
  return (book: PolicyBook, id: string): Body | null => {
    const view = viewIn(context, whole, book);
    const entry = entryOf(book, type, id);
    const shown = entry && shownEntry(entry, view);
    return shown ? showObject(shown, view) : null;
  };
}

/** Each object once: as the first item about it found it, and as the last has left it. */
function changesOf(drafted: readonly Drafted[], show: (id: string) => Body | null): ObjectChange[] {
  const before = new Map<string, Body | null>();
  for (const each of drafted) if (!before.has(each.id)) before.set(each.id, each.before);
  return changesWithin([...before].map(([id, was]) => changeBetween(was, show(id))));
}

/** The object that an item is about: by its href, else by its name. */
function existingId(book: PolicyBook, type: BulkType, { href, name }: Body): string | undefined {
  if (typeof href === 'string') {
    const id = idOf(href, type, 'href');
    if (entryOf(book, type, id) === undefined) throw notFound(`${kindOf(type).noun} ${id}`);
    return id;
  }
  for (const { id, draft } of entriesOf(book, type)) if (draft?.name === name) return id;
  return undefined;
}

function intentOf(book: PolicyBook, type: ProvisionableType, id: string, item: Body): PolicyIntent {
  const { href: _, ...body } = item;
  const entry = entryOf(book, type, id);
  const before = entry?.draft ?? entry?.active ?? kindOf(type).empty(id);
  return { do: entry === undefined ? 'create' : 'change', type, object: objectAfter(type, body, before, {}) };
}
