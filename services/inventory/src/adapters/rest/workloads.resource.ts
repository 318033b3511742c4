/** `workloads`: unmanaged hosts in full, paired nodes as far as people may change them; single and in bulk. */
import type { Document, EventStore, OneAtATime } from '@ringfence/event-store';
import { CallError } from '@ringfence/bus';
import {
  accepted,
  bulkAnswer,
  bulkItems,
  bulkRefusals,
  eachAccepted,
  idOfHref,
  isTrue,
  notFound,
  oneBulkAtATime,
  only,
  orgHref,
  page,
  parsed,
  referenceOf,
  refusal,
  refuseFilters,
} from '@ringfence/resources';
import type { Operations, Outcome, Referred } from '@ringfence/resources';
import {
  WorkloadBulkDeleteItem,
  WorkloadBulkUpdateItem,
  WorkloadCreate,
  WorkloadsReportOften,
  WorkloadsUnpair,
  WorkloadUpdate,
} from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { Workload } from '../../domain/workload.decider.js';
import { workloads } from '../../read/inventory-documents.js';
import type { LabelOwner } from './labels.client.js';
import { changing, creation, deletion, fulfil } from './workload-changes.js';
import type { Asking, ChangeParts, Wish } from './workload-changes.js';
import { surroundings } from './surroundings.js';
import type { SurroundingParts } from './surroundings.js';
import { fulfilTelling } from './told-changes.js';
import { unpair } from './vens.resource.js';
import { importLabels } from './workload-import.js';
import { UNSUPPORTED, workloadFilters } from './workload-filters.js';
import { showWorkload } from './workload-view.js';

export interface WorkloadParts extends SurroundingParts, ChangeParts {
  readonly labelOwner: LabelOwner;
  readonly oneAtATime: OneAtATime;
}

export function workloadOperations(parts: WorkloadParts): Operations {
  const { store, oneAtATime } = parts;
  const change = (asking: Asking, wish: Wish): Promise<string> =>
    oneAtATime(async () => only(await fulfil(parts, asking, [wish])));
  return {
    list: (request) => list(parts, request),
    get: async (request) => ({
      body: showWorkload(await one(store, request.ids[0]), await surroundings(parts, request)),
    }),
    create: async (request) => {
      const id = await change(request, creation(parsed(WorkloadCreate, request.body)));
      return { body: showWorkload(await one(store, id), await surroundings(parts, request)) };
    },
    update: async (request) => {
      await change(request, changing(request.ids[0] ?? '', parsed(WorkloadUpdate, request.body)));
      return {};
    },
    delete: async (request) => {
      await change(request, deletion(request.ids[0] ?? ''));
      return {};
    },
    ...oneBulkAtATime(bulkOperations(parts)),
  };
}

function bulkOperations(parts: WorkloadParts): Operations {
  const change = (asking: Asking, wishes: readonly Outcome<Wish>[]): Promise<Outcome<string>[]> =>
    parts.oneAtATime(() => fulfil(parts, asking, wishes));
  return {
    bulk_create: async (request) => {
      const { body } = request;
      const made = await change(request, eachAccepted(bulkItems(WorkloadCreate, body), creation));
      return bulkAnswer(body, made, (id) => ({ href: orgHref(`workloads/${id}`), status: 'created' }));
    },
    bulk_update: async (request) => {
      const { body } = request;
      const wishes = eachAccepted(bulkItems(WorkloadBulkUpdateItem, body), ({ href, ...wanted }) =>
        changing(idOfHref(href, 'workloads'), wanted),
      );
      const { outcomes, changes } = await parts.oneAtATime(() => fulfilTelling(parts, request, wishes));
      return { ...bulkAnswer(body, outcomes, (_, { href }) => ({ href, status: 'updated' })), changes };
    },
    bulk_delete: async (request) => {
      const { body } = request;
      const { outcomes, changes } = await parts.oneAtATime(async () => {
        const ids = await idsOf(parts.store, bulkItems(WorkloadBulkDeleteItem, body));
        return fulfilTelling(parts, request, eachAccepted(ids, deletion));
      });
      return { ...bulkRefusals(body, outcomes), changes };
    },
    bulk_import: (request) => importLabels(parts, request),
    set_flow_reporting_frequency: (request) => reportOften(parts, request),
    unpair: async (request) =>
      unpair(parts, request, parsed(WorkloadsUnpair, request.body).workloads, {
        ...{ collection: 'workloads', show: showWorkload },
      }),
  };
}

/** Agents report every few seconds in any case, more often than clients ask for: those that are named must be there, and that is all. */
async function reportOften(
  parts: WorkloadParts,
  { body, within }: ResourceRequest,
): Promise<ResourceResponse> {
  const named = parsed(WorkloadsReportOften, body).workloads.map(({ href }) => idOfHref(href, 'workloads'));
  const found = new Map((await workloads.live(parts.store.entities)).map((each) => [each.id, each.body]));
  const reach = await parts.reachOf({ within });
  for (const [index, id] of named.entries()) {
    const workload = found.get(id);
    if (workload === undefined)
      throw CallError.of(
        'INVALID_ARGUMENT',
        'reference_not_found',
        `workloads[${index}]: there is no such workload`,
      );
    if (!workload.managed)
      throw CallError.of('FAILED_PRECONDITION', 'workload_is_not_managed', `workloads[${index}]: no agent`);
    const refused = reach.refuse(workload.labels);
    if (refused !== null) throw refusal(refused);
  }
  return {};
}

export async function one(store: EventStore, id: string | undefined): Promise<Document<Workload>> {
  const found = id === undefined ? null : await workloads.get(store.entities, id);
  if (found === null) throw notFound('workload');
  return found;
}

async function list(parts: WorkloadParts, request: ResourceRequest): Promise<ResourceResponse> {
  const { query } = request;
  refuseFilters(query, UNSUPPORTED);
  const context = await surroundings(parts, request);
  const withDeleted = isTrue(query['include_deleted'] ?? 'false');
  const all = await (withDeleted
    ? workloads.all(parts.store.entities)
    : workloads.live(parts.store.entities));
  const { matched, shown } = page(all, query, workloadFilters(context));
  return {
    body: shown.map((each) => showWorkload(each, context)),
    total: all.length,
    matched: matched.length,
  };
}

/** By an href, or by `/orgs/1/workloads?external_data_set=…&external_data_reference=…`. */
async function idsOf(
  store: EventStore,
  items: readonly Outcome<WorkloadBulkDeleteItem>[],
): Promise<Outcome<string>[]> {
  const named = eachAccepted(items, ({ href }) => namedBy(href));
  const references = accepted(named).flatMap((by) =>
    typeof by === 'string' ? [] : (by.externalDataReference ?? []),
  );
  const holders = await workloads.having(store.entities, 'externalDataReference', references);
  const holderOf = new Map(holders.map(({ id, body }) => [referenceOf(body), id]));
  return eachAccepted(named, (by) => {
    const id = typeof by === 'string' ? by : holderOf.get(referenceOf(by));
    if (id === undefined) throw notFound('workload');
    return id;
  });
}

function namedBy(href: string): string | Referred {
  const [path = '', search] = href.split('?');
  if (search === undefined || path !== orgHref('workloads')) return idOfHref(path, 'workloads');
  const query = new URLSearchParams(search);
  return {
    externalDataSet: query.get('external_data_set'),
    externalDataReference: query.get('external_data_reference'),
  };
}
