/** Service bindings: made in one call all or none, ended one by one, in force at once. */
import { randomUUID } from 'node:crypto';
import { ServiceBindingCreate } from '@ringfence/contracts';
import type { BindingBody, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { exact, invalid, notFound, page, parsed } from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import { entryOf } from '../../domain/policy-book.js';
import type { PolicyBook } from '../../domain/policy-book.js';
import type { Stamp, StoredBinding } from '../../domain/policy-object.js';
import { idOf, memberHref } from '../../objects/hrefs.js';
import { showWorkload } from '../../objects/sides.js';
import {
  EXTERNAL_REFERENCE,
  externalReferenceOf,
  extrasOf,
  metaOf,
  withoutAbsent,
} from '../../objects/view.js';
import type { Body } from '../../objects/view.js';
import { isHrefOf } from '../../objects/wanted.js';
import { execute } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

const external = (field: string) =>
  exact<StoredBinding>(({ extras }) => extras?.[field] as string | undefined);
const FILTERS: Filters<StoredBinding> = {
  virtual_service: ({ virtualService }, wanted) => isHrefOf(wanted, 'virtual_services', virtualService),
  workload: ({ workload }, wanted) => idOf(wanted, 'workloads', 'workload') === workload,
  external_data_set: external('external_data_set'),
  external_data_reference: external('external_data_reference'),
};

export async function answerBindings(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const [id = ''] = request.ids;
  switch (request.op) {
    case 'list':
      return list(context, request);
    case 'get':
      return { body: await get(context, id) };
    case 'create':
      return { body: await create(context, request) };
    case 'delete':
      await execute(context, request, () => ({ do: 'unbind', id }));
      return {};
    default:
      throw invalid(`service_bindings has no operation "${request.op}"`);
  }
}

async function list(context: ResourceContext, request: ResourceRequest): Promise<ResourceResponse> {
  const book = await context.book.current();
  const all = [...book.bindings.values()];
  const { matched, shown } = page(all, request.query, FILTERS);
  const body = shown.map((binding) => showBinding(binding, book, context));
  return { body, total: all.length, matched: matched.length };
}

async function get(context: ResourceContext, id: string): Promise<Body> {
  const book = await context.book.current();
  const binding = book.bindings.get(id);
  if (binding === undefined) throw notFound(`service binding ${id}`);
  return showBinding(binding, book, context);
}

async function create(context: ResourceContext, request: ResourceRequest): Promise<Body[]> {
  const stamp: Stamp = { at: context.now().toISOString(), by: request.actor };
  const bindings = parsed(ServiceBindingCreate, request.body).map((body, index) =>
    bindingOf(body, stamp, `[${index}].`),
  );
  await execute(context, request, () => ({ do: 'bind', bindings }));
  return bindings.map(({ id }) => ({ href: bindingHref(id), status: 'created' }));
}

const bindingHref = (id: string): string => `/orgs/1/service_bindings/${id}`;

function bindingOf(body: BindingBody, stamp: Stamp, place: string): StoredBinding {
  const workload = body.workload ?? body.container_workload;
  return {
    id: randomUUID(),
    virtualService: idOf(body.virtual_service.href, 'virtual_services', `${place}virtual_service`),
    workload: idOf(workload!.href, 'workloads', `${place}workload`),
    portOverrides: (body.port_overrides ?? []).map(
      ({ proto, port, new_port: newFrom, new_to_port: newTo }) => ({
        proto,
        from: port,
        newFrom,
        newTo: newTo ?? null,
      }),
    ),
    ...extrasOf(body, EXTERNAL_REFERENCE, undefined),
    touched: { created: stamp, updated: stamp },
  };
}

function showBinding(
  { id, virtualService, workload, portOverrides, extras, touched }: StoredBinding,
  book: PolicyBook,
  { facts }: ResourceContext,
): Body {
  const service = entryOf(book, 'virtual_services', virtualService)?.active;
  return {
    href: bindingHref(id),
    virtual_service: {
      href: memberHref({ type: 'virtual_services', id: virtualService }, 'active'),
      name: service?.name ?? '',
    },
    workload: showWorkload(workload, facts),
    ...(service?.service && {
      bound_service: { href: memberHref({ type: 'services', id: service.service }, 'active') },
    }),
    port_overrides: portOverrides.map(({ proto, from, newFrom, newTo }) =>
      withoutAbsent({ port: from, proto, new_port: newFrom, new_to_port: newTo }),
    ),
    ...externalReferenceOf(extras),
    ...metaOf(touched, null),
  };
}
