/**
 * Many objects in one call: each is drafted or refused in its place, on the draft as those before it leave it, and what they change
 * is one transaction.
 */
import { CallError } from '@ringfence/bus';
import { IpListUpload, VirtualServiceBulkUpdate, VirtualServiceCreate } from '@ringfence/contracts';
import type { ProvisionableType, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { bulkAnswer, bulkItems, notFound } from '@ringfence/resources';
import type { Outcome } from '@ringfence/resources';
import { entriesOf, entryOf } from '../../domain/policy-book.js';
import type { PolicyBook } from '../../domain/policy-book.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import { idOf } from '../../objects/hrefs.js';
import { kindOf } from '../../objects/kinds.js';
import type { Body } from '../../objects/view.js';
import { objectHref } from '../hrefs.js';
import { newIds } from './new-ids.js';
import { objectAfter } from './object-bodies.js';
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
}

export async function answerBulk(
  context: ResourceContext,
  type: BulkType,
  { item, mayChange }: Bulk,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  draftOnly(request);
  const items = bulkItems(item, request.body) as Outcome<Body>[];
  const bodies = items.filter((each): each is Body => !(each instanceof CallError));
  const ids = await newIds(context, type, bodies.length);
  const drafted: Drafted[] = [];
  const refusals = await executeEach(
    context,
    request,
    bodies.map((body, i) => (book) => {
      const existing = mayChange ? existingId(book, type, body) : undefined;
      drafted[i] = { id: existing ?? ids[i]!, status: existing === undefined ? 'created' : 'updated' };
      return intentOf(book, type, drafted[i].id, body);
    }),
  );
  const done = bodies.map((_, i): Outcome<Drafted> => refusals[i] ?? drafted[i]!);
  const outcomes = items.map((each) => (each instanceof CallError ? each : done.shift()!));
  return bulkAnswer(request.body, outcomes, ({ id, status }) => ({
    href: objectHref({ type, id }, 'draft'),
    status,
  }));
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
