/** The policy that was in force at a moment, as a book without drafts: the version of that time, and what was bound then. */
import type { EventStore } from '@ringfence/event-store';
import { EMPTY_BOOK, objectsByType } from '../domain/policy-book.js';
import type { Entry, PolicyBook } from '../domain/policy-book.js';
import type { StoredBinding } from '../domain/policy-object.js';
import { serviceBindings } from './policy-documents.js';
import { objectsAtVersion, versionAt } from './policy-objects.projection.js';

export async function bookAt(store: EventStore, at: string): Promise<PolicyBook> {
  const version = await versionAt(store.entities, at);
  const objects = objectsByType(() => new Map<string, Entry>());
  for (const { type, id, object, touched } of await objectsAtVersion(store.entities, version)) {
    const entry = { type, id, draft: object, active: object, updateType: null, writers: [] };
    objects[type].set(id, { ...entry, touched, activeTouched: touched });
  }
  return { ...EMPTY_BOOK, version, objects, bindings: await bindingsAt(store, at) };
}

async function bindingsAt(store: EventStore, at: string): Promise<ReadonlyMap<string, StoredBinding>> {
  const ever = await serviceBindings.all(store.entities);
  const there = ever.filter(({ createdAt, deletedAt }) => {
    const moment = Date.parse(at);
    return createdAt.getTime() <= moment && (deletedAt === null || deletedAt.getTime() > moment);
  });
  const last = await store.lastUpTo(
    there.map(({ id }) => `service-binding-${id}`),
    at,
  );
  return new Map(
    [...last.values()].flatMap(({ type, data }) => {
      const binding = data as StoredBinding;
      return type === 'ServiceBound' ? [[binding.id, binding] as const] : [];
    }),
  );
}
