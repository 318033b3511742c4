/**
 * Entities and labels as they were at a moment, read off the events: an index of the names and addresses that entities ever had leads to
 * their streams, and of each stream the last event of that time counts.
 */
import { isIP } from 'node:net';
import type { CALLS, EntityLabelsState, LabelState } from '@ringfence/contracts';
import type { EventStore, StoredEvent } from '@ringfence/event-store';
import { endNamed } from '@ringfence/labels';
import { LessThanOrEqual, MoreThan } from 'typeorm';
import type { z } from 'zod';
import { labels } from '../read/resolver-documents.js';
import { streamOf } from './stream-names.js';

type Asked = z.output<(typeof CALLS)['labelledAt']['request']>;
type Answer = z.output<(typeof CALLS)['labelledAt']['response']>;

/** What had one name, the newest first: a name that was given again and again had its present owner last. */
const MOST_OF_A_NAME = 64;

export async function labelledAt(store: EventStore, { at, ends }: Asked): Promise<Answer> {
  const streams = await Promise.all(ends.map((end) => streamsOf(store, endNamed(end).name, at)));
  const found = await store.lastUpTo(streams.flat(), at);
  const entities = [...found.values()].flatMap(statesOf<EntityLabelsState>('EntityLabelled'));
  const gone = await store.entities.find(labels.entity, {
    select: { id: true },
    where: { createdAt: LessThanOrEqual(new Date(at)), deletedAt: MoreThan(new Date(at)) },
  });
  const carried = new Set([...entities.flatMap((entity) => entity.labels), ...gone.map(({ id }) => id)]);
  const meanings = await store.lastUpTo([...carried].map(streamOf.label), at);
  return {
    since: await store.beganAt(),
    entities,
    labels: [...meanings.values()]
      .flatMap(statesOf<LabelState>('LabelCreated', 'LabelChanged'))
      .map(({ id, key, value }) => ({ id, key, value })),
  };
}

const statesOf =
  <T>(...types: readonly string[]) =>
  ({ type, data }: StoredEvent): T[] =>
    types.includes(type) ? [data as T] : [];

async function streamsOf({ pool }: EventStore, end: string, at: string): Promise<string[]> {
  const [where, values] = whereOf(end);
  const { rows } = await pool.query<{ stream: string }>(
    `select stream from events where type = 'EntityLabelled' and ${where} and at <= $1
     group by stream order by max(position) desc limit ${MOST_OF_A_NAME}`,
    [at, ...values],
  );
  return [streamOf.entity(end), ...rows.map(({ stream }) => stream)];
}

/** As the indexes of the migration have it. */
function whereOf(end: string): readonly [string, readonly (string | null)[]] {
  if (isIP(end) !== 0) return [`data->'addresses' ? host($2::inet)`, [end]];
  const slash = end.indexOf('/');
  const [namespace, name] = slash < 0 ? [null, end] : [end.slice(0, slash), end.slice(slash + 1)];
  return [`data->>'name' = $2 and data->>'namespace' is not distinct from $3`, [name, namespace]];
}
