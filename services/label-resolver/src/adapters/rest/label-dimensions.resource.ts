/** `label_dimensions`: the label types. role, app, env and loc are made at the first start. */
import type { Document, EventStore } from '@ringfence/event-store';
import {
  defined,
  exact,
  execute,
  isTrue,
  metaOf,
  notFound,
  orgHref,
  orNull,
  page,
  parsed,
  partial,
} from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { randomUUID } from 'node:crypto';
import { LabelDimensionCreate, LabelDimensionUpdate } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { LabelType, LabelTypeCommand } from '../../domain/label-type.decider.js';
import type { GroupKeysOf } from './label-uses.client.js';
import { BUILT_IN_TYPES, labelTypeDecider } from '../../domain/label-type.decider.js';
import { labels, labelTypes } from '../../read/resolver-documents.js';
import type { ChangeQueue } from '../change-queue.js';
import { builtInTypeId } from '../derived-ids.js';
import { streamOf } from '../stream-names.js';
import { SYSTEM } from '../system-actor.js';

export interface LabelDimensionParts {
  readonly store: EventStore;
  readonly changing: ChangeQueue;
  readonly groupKeysOf: GroupKeysOf;
}

export function labelDimensionOperations(parts: LabelDimensionParts): Operations {
  const { store, changing } = parts;
  const ordered =
    (work: (store: EventStore, request: ResourceRequest) => Promise<ResourceResponse>) =>
    (request: ResourceRequest) =>
      changing(() => work(store, request));
  return {
    list: ({ query }) => list(parts, query),
    get: async ({ ids }) => {
      const found = await one(store, ids[0]);
      return { body: show(found, await keysInUse(parts, [found])) };
    },
    create: ordered(create),
    update: ordered(async (_, request) => {
      const found = await one(store, request.ids[0]);
      const labelType = changeOf(parsed(LabelDimensionUpdate, request.body));
      await run(store, request, found.id, { type: 'change', labelType });
      return {};
    }),
    delete: ordered(async (_, request) => {
      const found = await one(store, request.ids[0]);
      const liveLabels = (await labels.live(store.entities)).filter(
        (each) => each.body.key === found.body.key,
      ).length;
      await run(store, request, found.id, { type: 'delete', liveLabels });
      return {};
    }),
  };
}

async function one(store: EventStore, id: string | undefined): Promise<Document<LabelType>> {
  const found = id === undefined ? null : await labelTypes.get(store.entities, id);
  if (found === null) throw notFound('label type');
  return found;
}

async function run(
  store: EventStore,
  { actor }: ResourceRequest,
  id: string,
  command: LabelTypeCommand,
): Promise<void> {
  await execute(store, labelTypeDecider, { stream: streamOf.labelType(id), actor }, command);
}

async function list(parts: LabelDimensionParts, query: ResourceRequest['query']): Promise<ResourceResponse> {
  const { store } = parts;
  const all = await (isTrue(query['include_deleted'] ?? '')
    ? labelTypes.all(store.entities)
    : labelTypes.live(store.entities));
  const { matched, shown } = page(all, query, {
    key: partial((each) => each.body.key),
    display_name: partial((each) => each.body.displayName),
    external_data_set: exact((each) => each.body.externalDataSet),
    external_data_reference: exact((each) => each.body.externalDataReference),
  });
  const used = await keysInUse(parts, shown);
  return { body: shown.map((each) => show(each, used)), total: all.length, matched: matched.length };
}

async function create(store: EventStore, request: ResourceRequest): Promise<ResourceResponse> {
  const body = parsed(LabelDimensionCreate, request.body);
  const labelType = {
    id: randomUUID(),
    key: body.key,
    displayName: body.display_name,
    displayInfo: displayed(body.display_info ?? {}),
    externalDataSet: body.external_data_set || null,
    externalDataReference: body.external_data_reference || null,
    isBuiltIn: false,
  };
  const liveKeys = (await labelTypes.live(store.entities)).map((each) => each.body.key);
  await run(store, request, labelType.id, { type: 'create', labelType, liveKeys });
  return { body: show(await one(store, labelType.id), NEW) };
}

export async function ensureBuiltInTypes(store: EventStore): Promise<void> {
  for (const { key, displayName, displayInfo } of BUILT_IN_TYPES) {
    const id = builtInTypeId(key);
    const labelType = {
      id,
      key,
      displayName,
      displayInfo,
      externalDataSet: null,
      externalDataReference: null,
      isBuiltIn: true,
    };
    await execute(
      store,
      labelTypeDecider,
      { stream: streamOf.labelType(id), actor: SYSTEM },
      { type: 'create', labelType, liveKeys: [] },
    );
  }
}

interface KeysInUse {
  readonly labels: ReadonlySet<string>;
  /** Undefined: nobody could say. */
  readonly groups: ReadonlySet<string> | undefined;
}
const NEW: KeysInUse = { labels: new Set(), groups: new Set() };

async function keysInUse(
  { store, groupKeysOf }: LabelDimensionParts,
  shown: readonly Document<LabelType>[],
): Promise<KeysInUse> {
  const [live, groups] = await Promise.all([
    labels.live(store.entities),
    groupKeysOf(shown.map(({ body }) => body.key)),
  ]);
  return { labels: new Set(live.map(({ body }) => body.key)), groups };
}

/** Clients that declare a type send every text, and find a change in what they did not send. */
const displayed = (info: Readonly<Record<string, unknown>>): LabelType['displayInfo'] =>
  Object.fromEntries(Object.entries(info).filter(([, value]) => value !== ''));

const changeOf = (body: LabelDimensionUpdate): Partial<LabelType> =>
  defined({
    displayName: body.display_name,
    displayInfo: body.display_info && displayed(body.display_info),
    externalDataSet: orNull(body.external_data_set),
    externalDataReference: orNull(body.external_data_reference),
  });

function show(found: Document<LabelType>, used: KeysInUse): Record<string, unknown> {
  const { id, key, displayName, displayInfo, externalDataSet, externalDataReference } = found.body;
  return {
    href: orgHref(`label_dimensions/${id}`),
    key,
    display_name: displayName,
    ...(Object.keys(displayInfo).length > 0 && { display_info: displayInfo }),
    deleted: found.deletedAt !== null,
    usage: { labels: used.labels.has(key), ...(used.groups && { label_groups: used.groups.has(key) }) },
    external_data_set: externalDataSet,
    external_data_reference: externalDataReference,
    caps: ['write', 'delete'],
    ...metaOf(found),
  };
}
