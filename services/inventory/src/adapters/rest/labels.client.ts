/**
 * Types of labels that a command names. The local copy answers; a label that was created a moment ago may not have
 * arrived yet, so the owner is asked before a label is called unknown.
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { LabelKeys } from '../../domain/known-labels.js';
import { labelled } from '../../read/labelled.js';
import { SYSTEM } from '../system-actor.js';

export type LabelKeysOf = (labels: readonly string[]) => Promise<LabelKeys>;

export function labelKeys(store: EventStore, bus: Bus): LabelKeysOf {
  return async (labels) => {
    const named = [...new Set(labels)];
    const known = await labelled.some(store.entities, 'label', named);
    const keyOf: Record<string, string> = {};
    for (const label of named) {
      const key = known.get(label)?.key ?? (await askOwner(bus, label));
      if (key !== undefined) keyOf[label] = key;
    }
    return keyOf;
  };
}

async function askOwner(bus: Bus, label: string): Promise<string | undefined> {
  try {
    const request = { org: 1, actor: SYSTEM, collection: 'labels', op: 'get', ids: [label], query: {} };
    const { body } = await bus.call(CALLS.labelResource, { ...request, body: null });
    const { key, deleted } = body as { key: string; deleted: boolean };
    return deleted ? undefined : key;
  } catch (error) {
    if (error instanceof CallError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
