/**
 * Types of labels that a command names. The local copy answers; a label that was created a moment ago may not have
 * arrived yet, so the owner is asked before a label is called unknown.
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { BULK_MAX, CALLS } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { idOfHref } from '@ringfence/resources';
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

interface NewLabel {
  readonly key: string;
  readonly value: string;
}
/** Whoever owns labels, asked for more than what a label is. */
export interface LabelOwner {
  types(): Promise<ReadonlySet<string>>;
  /** The ids of these labels, by key and value as they were given; all of them are made, or what was refused is. */
  make(wanted: readonly NewLabel[], actor: Actor): Promise<string[]>;
}

export function labelOwner(bus: Bus): LabelOwner {
  const ask = (collection: string, op: string, actor: Actor, body: unknown) =>
    bus.call(CALLS.labelResource, { org: 1, actor, collection, op, ids: [], query: {}, body });
  return {
    types: async () => {
      const { body } = await ask('label_dimensions', 'list', SYSTEM, null);
      return new Set((body as { key: string }[]).map(({ key }) => key));
    },
    make: async (wanted, actor) => {
      const ids: string[] = [];
      for (let from = 0; from < wanted.length; from += BULK_MAX) {
        const { body } = await ask('labels', 'bulk_create', actor, wanted.slice(from, from + BULK_MAX));
        ids.push(...(body as Made[]).map(idOfMade));
      }
      return ids;
    },
  };
}

type Made = { readonly href?: string; readonly token?: string; readonly message?: string };
function idOfMade({ href, token = 'internal_error', message = '' }: Made): string {
  if (href === undefined) throw CallError.of('FAILED_PRECONDITION', token, message);
  return idOfHref(href, 'labels');
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
