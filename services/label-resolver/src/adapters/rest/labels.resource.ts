/** `labels`: effective at once, soft-deleted, refused while in use. */
import { LabelCreate, LabelUpdate } from '@ringfence/contracts';
import type { Actor, LabelState, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { Document, EventStore } from '@ringfence/event-store';
import {
  accepted,
  bulkAnswer,
  bulkItems,
  defined,
  eachAccepted,
  exact,
  execute,
  invalid,
  isTrue,
  metaOf,
  notFound,
  only,
  orgHref,
  page,
  parsed,
  partial,
} from '@ringfence/resources';
import type { Operations, Outcome } from '@ringfence/resources';
import type { LabelCommand } from '../../domain/label.decider.js';
import { labelDecider } from '../../domain/label.decider.js';
import { labels } from '../../read/resolver-documents.js';
import type { ChangeQueue } from '../change-queue.js';
import { createLabels, neighboursOf } from '../label-creation.js';
import { carriedInClusters } from './label-uses.client.js';
import type { LabelUsesOf } from './label-uses.client.js';
import { streamOf } from '../stream-names.js';

export interface LabelParts {
  readonly store: EventStore;
  readonly changing: ChangeQueue;
  readonly usesOf: LabelUsesOf;
}

export function labelOperations(parts: LabelParts): Operations {
  const { store, changing, usesOf } = parts;
  return {
    list: (request) => list(parts, request),
    get: async ({ ids, query }) => {
      const found = await one(store, ids[0]);
      return { body: show(found, await usageAsked(parts, query, [found])) };
    },
    create: async ({ actor, body }) => {
      const wanted = parsed(LabelCreate, body);
      const id = await changing(async () => only(await createAll(store, actor, [wanted])));
      return { body: show(await one(store, id)) };
    },
    bulk_create: async ({ actor, body }) => {
      const wanted = bulkItems(LabelCreate, body);
      const made = await changing(() => createAll(store, actor, wanted));
      return bulkAnswer(body, made, (id) => ({ href: orgHref(`labels/${id}`), status: 'created' }));
    },
    update: (request) => changing(() => update(store, request)),
    delete: async (request) => {
      const found = await one(store, request.ids[0]);
      // Asked outside the queue: owners ask us in their turn. A reference that is made meanwhile matches nobody.
      const uses = found.deletedAt === null ? ((await usesOf([found.id])).get(found.id) ?? []) : [];
      return changing(async () => {
        await run(store, request, found.id, { type: 'delete', uses });
        return {};
      });
    },
  };
}

async function run(
  store: EventStore,
  { actor }: ResourceRequest,
  id: string,
  command: LabelCommand,
): Promise<void> {
  await execute(store, labelDecider, { stream: streamOf.label(id), actor }, command);
}

/** The ids of what was made, or why it was not: one is looked at after the other, and all are written together. */
async function createAll(
  store: EventStore,
  actor: Actor,
  bodies: readonly Outcome<LabelCreate>[],
): Promise<Outcome<string>[]> {
  const ids = (await store.nextIds('label', accepted(bodies).length)).values();
  const wanted = eachAccepted(bodies, (body): LabelState => {
    const { key, value } = body;
    return { id: ids.next().value ?? '', key, value, ...externalOf(body, null) };
  });
  return createLabels(store, wanted, actor);
}

async function update(store: EventStore, request: ResourceRequest): Promise<ResourceResponse> {
  const found = await one(store, request.ids[0]);
  const body = parsed(LabelUpdate, request.body);
  const { key } = found.body;
  if (body.key !== undefined && body.key !== key)
    throw invalid(`key: a label stays of its type, which is "${key}"`);
  const label = { ...defined({ value: body.value }), ...externalOf(body, found.body) };
  const changed = { ...found.body, ...label };
  const around = (await neighboursOf(store, [changed])).around(changed);
  await run(store, request, found.id, { type: 'change', label, around });
  return {};
}

async function one(store: EventStore, id: string | undefined): Promise<Document<LabelState>> {
  const found = id === undefined ? null : await labels.get(store.entities, id);
  if (found === null) throw notFound('label');
  return found;
}

function externalOf(
  body: LabelCreate | LabelUpdate,
  current: LabelState | null,
): Pick<LabelState, 'externalDataSet' | 'externalDataReference'> {
  const { external_data_set: set, external_data_reference: reference } = body;
  return {
    externalDataSet: set === undefined ? (current?.externalDataSet ?? null) : set || null,
    externalDataReference:
      reference === undefined ? (current?.externalDataReference ?? null) : reference || null,
  };
}

async function list(parts: LabelParts, { query }: ResourceRequest): Promise<ResourceResponse> {
  const { store } = parts;
  const all = await (isTrue(query['include_deleted'] ?? '')
    ? labels.all(store.entities)
    : labels.live(store.entities));
  const isExact = isTrue(query['exact_match_for_label_type'] ?? '');
  const key = (each: Document<LabelState>): string => each.body.key;
  const { matched, shown } = page(all, query, {
    key: isExact ? exact(key) : partial(key),
    value: partial((each) => each.body.value),
    external_data_set: exact((each) => each.body.externalDataSet),
    external_data_reference: exact((each) => each.body.externalDataReference),
  });
  const usage = await usageAsked(parts, query, shown);
  return { body: shown.map((each) => show(each, usage)), total: all.length, matched: matched.length };
}

function show(found: Document<LabelState>, usage?: UsageOf): Record<string, unknown> {
  const { id, key, value, externalDataSet, externalDataReference } = found.body;
  return {
    href: orgHref(`labels/${id}`),
    key,
    value,
    deleted: found.deletedAt !== null,
    external_data_set: externalDataSet,
    external_data_reference: externalDataReference,
    ...(usage !== undefined && { usage: usage(id) }),
    ...metaOf(found),
  };
}

/** Where a label may be named or carried: the words of the published form. */
const PLACES = [
  ...['label_group', 'ruleset', 'rule', 'enforcement_boundary', 'virtual_service', 'virtual_server'],
  ...['workload', 'container_workload', 'container_workload_profile', 'pairing_profile'],
  ...['static_policy_scopes', 'containers_inherit_host_policy_scopes', 'blocked_connection_reject_scope'],
  ...['firewall_coexistence_scope', 'loopback_interfaces_in_policy_scopes', 'ip_forwarding_enabled_scopes'],
  'rule_hit_count_enabled_scopes',
];
type UsageOf = (label: string) => Record<string, boolean>;

async function usageAsked(
  { store, usesOf }: LabelParts,
  query: ResourceRequest['query'],
  found: readonly Document<LabelState>[],
): Promise<UsageOf | undefined> {
  if (!isTrue(query['usage'] ?? '')) return undefined;
  const uses = await usesOf(found.map(({ id }) => id));
  const inClusters = await carriedInClusters(store);
  return (label) => {
    const places = new Set((uses.get(label) ?? []).flatMap((use) => use.as ?? []));
    if (inClusters.has(label)) places.add('container_workload');
    return Object.fromEntries(PLACES.map((place) => [place, places.has(place)]));
  };
}
