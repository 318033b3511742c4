/** `workloads/interfaces`: of unmanaged hosts written by people; a node's addresses are what its agent tells. */
import { WorkloadInterfaceCreate } from '@ringfence/contracts';
import type { WorkloadInterface } from '@ringfence/contracts';
import { CallError } from '@ringfence/bus';
import { notFound, only, page, parsed, partial } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { containerClusters } from '../../read/inventory-documents.js';
import { interfacesOf, networksOf, showInterface } from './interface-view.js';
import { changingInterfaces, fulfil } from './workload-changes.js';
import type { Asking, Wish } from './workload-changes.js';
import { one } from './workloads.resource.js';
import type { WorkloadParts } from './workloads.resource.js';

type Show = (each: WorkloadInterface) => Record<string, unknown>;

export function interfaceOperations(parts: WorkloadParts): Operations {
  const change = (asking: Asking, wish: Wish): Promise<string> =>
    parts.oneAtATime(async () => only(await fulfil(parts, asking, [wish])));
  return {
    list: async ({ ids, query }) => {
      const { all, show } = await shown(parts, ids[0]);
      const { matched, shown: some } = page(all, query, { name: partial((each) => each.name) });
      return { body: some.map(show), total: all.length, matched: matched.length };
    },
    get: async ({ ids }) => {
      const { all, show } = await shown(parts, ids[0]);
      return { body: show(named(all, ids[1])) };
    },
    create: async (request) => {
      const [id = ''] = request.ids;
      const added = parsed(WorkloadInterfaceCreate, request.body);
      await change(
        request,
        changingInterfaces(id, (all) => [...all, unlessThere(all, added)]),
      );
      return { body: (await shown(parts, id)).show(added) };
    },
    delete: async (request) => {
      const [id = '', name] = request.ids;
      await change(
        request,
        changingInterfaces(id, (all) => without(all, named(all, name).name)),
      );
      return {};
    },
  };
}

async function shown(
  parts: WorkloadParts,
  id: string | undefined,
): Promise<{ all: WorkloadInterface[]; show: Show }> {
  const { entities } = parts.store;
  const { body } = await one(parts.store, id);
  const clusters = await containerClusters.live(entities);
  const networks = networksOf(new Map(clusters.map((each) => [each.id, each.body.name])));
  return { all: interfacesOf(body), show: (each) => showInterface(body, each, networks) };
}

function named(all: readonly WorkloadInterface[], name: string | undefined): WorkloadInterface {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw notFound('interface');
  return found;
}

/** All addresses of it. */
const without = (all: readonly WorkloadInterface[], name: string): WorkloadInterface[] =>
  all.filter((each) => each.name !== name);

function unlessThere(all: readonly WorkloadInterface[], added: WorkloadInterface): WorkloadInterface {
  const { name, address } = added;
  if (all.some((each) => each.name === name && each.address === address))
    throw CallError.of(
      'ALREADY_EXISTS',
      'name_must_be_unique',
      `name: there is an interface ${name} already`,
    );
  return added;
}
