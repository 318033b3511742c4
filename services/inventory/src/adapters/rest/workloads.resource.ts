/** `workloads`: unmanaged hosts in full, paired nodes as far as people may change them; single and in bulk. */
import type { Document, EventStore, OneAtATime } from '@ringfence/event-store';
import {
  byHrefs,
  byLabels,
  exact,
  execute,
  flag,
  idOfHref,
  invalid,
  isTrue,
  notFound,
  orgHref,
  page,
  parsed,
  partial,
} from '@ringfence/resources';
import type { Filters, Operations } from '@ringfence/resources';
import { randomUUID } from 'node:crypto';
import { JsonContains, Not } from 'typeorm';
import { agents } from '../../read/agents.js';
import type { AgentRow } from '../../read/agents.js';
import { CallError } from '@ringfence/bus';
import {
  WorkloadBulkDeleteItem,
  WorkloadBulkUpdateItem,
  WorkloadCreate,
  WorkloadUpdate,
} from '@ringfence/contracts';
import type { Actor, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { endedByFull, shutOut } from '../../domain/admin-ports.js';
import type { Workload, WorkloadChange, WorkloadCommand } from '../../domain/workload.decider.js';
import { workloadDecider } from '../../domain/workload.decider.js';
import { workloads } from '../../read/inventory-documents.js';
import { streamOf } from '../stream-names.js';
import type { LabelKeysOf } from './labels.client.js';
import { changeOf, newWorkload } from './workload-body.js';
import { interfacesOf, isOnline, showInterface, showWorkload, surroundings } from './workload-view.js';
import type { SurroundingParts, Surroundings } from './workload-view.js';

export interface WorkloadParts extends SurroundingParts {
  readonly oneAtATime: OneAtATime;
  readonly labelKeysOf: LabelKeysOf;
}

export function workloadOperations(parts: WorkloadParts): Operations {
  const { oneAtATime } = parts;
  return {
    list: (request) => list(parts, request),
    get: async ({ ids }) => ({
      body: showWorkload(await one(parts.store, ids[0]), await surroundings(parts)),
    }),
    create: async (request) => {
      const id = await oneAtATime(() => create(parts, request.actor, request.body));
      return { body: showWorkload(await one(parts.store, id), await surroundings(parts)) };
    },
    update: (request) =>
      oneAtATime(async () => {
        await update(parts, request.actor, request.ids[0], parsed(WorkloadUpdate, request.body));
        return {};
      }),
    delete: (request) =>
      oneAtATime(async () => {
        await remove(parts.store, request.actor, request.ids[0]);
        return {};
      }),
    ...bulkOperations(parts),
  };
}

export function interfaceOperations({ store }: WorkloadParts): Operations {
  return {
    list: async ({ ids, query }) => {
      const { body } = await one(store, ids[0]);
      const { matched, shown } = page(interfacesOf(body), query, { name: partial((each) => each.name) });
      return {
        body: shown.map((each) => showInterface(body, each)),
        total: interfacesOf(body).length,
        matched: matched.length,
      };
    },
    get: async ({ ids }) => {
      const { body } = await one(store, ids[0]);
      const found = interfacesOf(body).find((each) => each.name === ids[1]);
      if (found === undefined) throw notFound('interface');
      return { body: showInterface(body, found) };
    },
  };
}

async function one(store: EventStore, id: string | undefined): Promise<Document<Workload>> {
  const found = id === undefined ? null : await workloads.get(store.entities, id);
  if (found === null) throw notFound('workload');
  return found;
}

async function list(parts: WorkloadParts, { query }: ResourceRequest): Promise<ResourceResponse> {
  const context = await surroundings(parts);
  const withDeleted = isTrue(query['include_deleted'] ?? 'false');
  const all = await (withDeleted
    ? workloads.all(parts.store.entities)
    : workloads.live(parts.store.entities));
  const { matched, shown } = page(all, query, filters(context));
  return {
    body: shown.map((each) => showWorkload(each, context)),
    total: all.length,
    matched: matched.length,
  };
}

const ADDRESS = /^[0-9a-fA-F.:]+$/;
function filters(context: Surroundings): Filters<Document<Workload>> {
  return {
    name: partial((each) => each.body.name),
    hostname: partial((each) => each.body.hostname),
    description: partial((each) => each.body.description),
    labels: byLabels((each) => each.body.labels),
    managed: flag((each) => each.body.managed),
    online: flag((each) => isOnline(each.body, context)),
    enforcement_mode: exact((each) => each.body.mode),
    visibility_level: exact((each) => each.body.visibilityLevel),
    container_clusters: byHrefs((each) => each.body.cluster, 'container_clusters'),
    ip_address: (each, wanted) => {
      if (!ADDRESS.test(wanted)) throw invalid(`ip_address: "${wanted}" is not an address`);
      return each.body.addresses.some((address) => address.includes(wanted.toLowerCase()));
    },
    external_data_set: exact((each) => each.body.externalDataSet),
    external_data_reference: exact((each) => each.body.externalDataReference),
  };
}

async function isReferenceTaken(
  store: EventStore,
  workload: Pick<Workload, 'id' | 'externalDataSet' | 'externalDataReference'>,
): Promise<boolean> {
  const { id, externalDataSet, externalDataReference } = workload;
  if (externalDataSet === null || externalDataReference === null) return false;
  const body = JsonContains({ externalDataSet, externalDataReference });
  return workloads.exists(store.entities, { id: Not(id), body });
}

async function run(
  store: EventStore,
  actor: Actor,
  workload: Pick<Workload, 'id' | 'cluster'>,
  command: WorkloadCommand,
): Promise<void> {
  await execute(
    store,
    workloadDecider,
    { stream: streamOf.workload(workload.id), actor, cluster: workload.cluster },
    command,
  );
}

async function create({ store, labelKeysOf }: WorkloadParts, actor: Actor, body: unknown): Promise<string> {
  const workload = newWorkload(randomUUID(), parsed(WorkloadCreate, body));
  const keyOf = await labelKeysOf(workload.labels);
  await run(store, actor, workload, {
    type: 'create',
    workload,
    keyOf,
    referenceTaken: await isReferenceTaken(store, workload),
  });
  return workload.id;
}

async function update(
  { store, labelKeysOf }: WorkloadParts,
  actor: Actor,
  id: string | undefined,
  body: WorkloadUpdate,
): Promise<void> {
  const { body: current } = await one(store, id);
  const all = changeOf(body, current.about);
  // Clients send a node's interfaces back as they read them.
  const { interfaces: _, ...withoutInterfaces } = all;
  const change = current.managed ? withoutInterfaces : all;
  if (body.confirm !== true) await mayCutOff(store, current, change);
  const keyOf = await labelKeysOf(change.labels ?? current.labels);
  const referenceTaken = await isReferenceTaken(store, { ...current, ...change });
  await run(store, actor, current, { type: 'change', change, keyOf, referenceTaken });
}

/** Whoever would cut the cluster or an administrator off from the node is told whom, and asked. */
async function mayCutOff(store: EventStore, current: Workload, change: WorkloadChange): Promise<void> {
  const { cluster, node, name } = current;
  if (cluster === null || node === null) return;
  const agent = (await agents(store.entities)).find((each) => each.cluster === cluster && each.node === node);
  const cut = cutBy(agent, current, change);
  if (cut.length > 0) throw unconfirmed(`${cut.join('; ')}. Write rules for it, or confirm (${name})`);
}

function cutBy(agent: AgentRow | undefined, current: Workload, change: WorkloadChange): string[] {
  const { cutByFull = [], essential = [] } = agent?.host ?? {};
  const { mode = current.mode, adminPorts } = change;
  return [
    ...(mode === 'full' && current.mode !== 'full' ? endedByFull(cutByFull) : []),
    ...(adminPorts && drops(mode) ? shutOut(essential, adminPorts) : []),
  ];
}

const drops = (mode: Workload['mode']): boolean => mode === 'selective' || mode === 'full';

const unconfirmed = (message: string): CallError =>
  CallError.of('FAILED_PRECONDITION', 'confirmation_required', message);

async function remove(store: EventStore, actor: Actor, id: string | undefined): Promise<void> {
  const { body } = await one(store, id);
  await run(store, actor, body, { type: 'delete' });
}

/** One wrong item does not refuse the others: each is answered in its place. */
async function bulk(
  body: unknown,
  work: (item: unknown) => Promise<unknown>,
  failed: (item: unknown, error: CallError) => unknown,
): Promise<ResourceResponse> {
  if (!Array.isArray(body)) throw invalid('body: must be a list');
  const answers: unknown[] = [];
  for (const item of body as unknown[]) {
    answers.push(await work(item).catch((error: unknown) => failed(item, asCallError(error))));
  }
  return { body: answers.filter((answer) => answer !== undefined) };
}

const failure = (item: unknown, error: CallError): unknown => ({
  ...hrefOf(item),
  status: 'validation_failure',
  ...error.errors[0],
});

function bulkOperations(parts: WorkloadParts): Operations {
  const { store, oneAtATime } = parts;
  return {
    bulk_create: ({ actor, body }) => {
      const work = async (item: unknown) => ({
        href: orgHref(`workloads/${await create(parts, actor, item)}`),
        status: 'created',
      });
      return oneAtATime(() => bulk(body, work, failure));
    },
    bulk_update: ({ actor, body }) => {
      const work = async (item: unknown) => {
        const { href, ...change } = parsed(WorkloadBulkUpdateItem, item);
        await update(parts, actor, idOfHref(href, 'workloads'), change);
        return { href, status: 'updated' };
      };
      return oneAtATime(() => bulk(body, work, failure));
    },
    bulk_delete: ({ actor, body }) => {
      const work = async (item: unknown) => {
        const { href } = parsed(WorkloadBulkDeleteItem, item);
        await remove(store, actor, await idOfDeletion(store, href));
        return undefined;
      };
      return oneAtATime(() => bulk(body, work, (item, error) => ({ ...hrefOf(item), errors: error.errors })));
    },
  };
}

const hrefOf = (item: unknown): { href?: unknown } =>
  typeof item === 'object' && item !== null && 'href' in item ? { href: item.href } : {};

function asCallError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  throw error;
}

/** An href, or `/orgs/1/workloads?external_data_set=…&external_data_reference=…`. */
async function idOfDeletion(store: EventStore, href: string): Promise<string> {
  const [path = '', search] = href.split('?');
  if (search === undefined) return idOfHref(path, 'workloads');
  const reference = new URLSearchParams(search);
  // Never null: that would be found in every workload without a reference.
  const isReferred = JsonContains({
    externalDataSet: reference.get('external_data_set') ?? '',
    externalDataReference: reference.get('external_data_reference') ?? '',
  });
  const [found] = await workloads.live(store.entities, { body: isReferred });
  if (found === undefined) throw notFound('workload');
  return found.id;
}
