/** The custom resource `LabelMap` as it is kept. What is no entry of a map is passed over: the API server checks what people write. */
import { Text } from '@ringfence/contracts';
import type { LabelMap, LabelMapEntry } from '@ringfence/labels';
import { z } from 'zod';
import type { KubeObject } from './objects.js';

export interface LabelMapFacts {
  readonly resourceVersion: string;
  readonly workloads: LabelMap;
}

/** Every cluster has one map at most. */
const NAME = 'default';
const MOST_ENTRIES = 100;
const MOST_VALUES = 1_000;

/** Beyond what there can be; they travel with every workload. */
const MOST_TYPES = 20;

const key = Text.min(1).max(317);
const value = Text.min(1).max(255);
const Entry = z.object({
  fromKey: key,
  toKey: key.max(64),
  allowCreate: z.boolean().default(false),
  valuesMap: z
    .array(z.object({ from: z.string(), to: value }))
    .max(MOST_VALUES)
    .optional(),
});

/** Undefined: another map, which means nothing. */
export function labelMapFacts(object: KubeObject): LabelMapFacts | undefined {
  const { resourceVersion, name } = object.metadata;
  if (name !== NAME) return undefined;
  const { workloadLabelMap: given } = object as { workloadLabelMap?: unknown };
  const entries: unknown[] = Array.isArray(given) ? given.slice(0, MOST_ENTRIES) : [];
  const read = entries.flatMap((each) => entryOf(each) ?? []);
  const types = new Set([...new Set(read.map(({ toKey }) => toKey))].slice(0, MOST_TYPES));
  return { resourceVersion, workloads: read.filter(({ toKey }) => types.has(toKey)) };
}

function entryOf(given: unknown): LabelMapEntry | undefined {
  const read = Entry.safeParse(given);
  if (!read.success) return undefined;
  const { valuesMap, ...entry } = read.data;
  const values = valuesMap === undefined ? null : new Map(valuesMap.map(({ from, to }) => [from, to]));
  return { ...entry, values };
}
