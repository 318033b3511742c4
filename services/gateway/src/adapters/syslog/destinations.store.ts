/** Where to forward: the destinations as people wrote them. */
import type { SyslogDestination, SyslogDestinationCreate } from '@ringfence/contracts';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { insertAtMost } from '../../read/at-most.js';

type Body = z.output<typeof SyslogDestinationCreate>;

interface DestinationRow {
  readonly id: string;
  readonly body: Body;
  readonly createdAt: Date;
}

export const SyslogDestinationEntity = new EntitySchema<DestinationRow>({
  name: 'SyslogDestination',
  tableName: 'syslog_destinations',
  columns: {
    id: { type: 'uuid', primary: true },
    body: { type: 'jsonb' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
});

/** Each is a connection and a queue. */
export const MOST_DESTINATIONS = 16;

export async function listDestinations(entities: EntityManager): Promise<SyslogDestination[]> {
  const order = { createdAt: 'asc', id: 'asc' } as const;
  return (await entities.find(SyslogDestinationEntity, { order })).map(view);
}

export async function findDestination(
  entities: EntityManager,
  id: string,
): Promise<SyslogDestination | undefined> {
  const row = await entities.findOneBy(SyslogDestinationEntity, { id });
  return row === null ? undefined : view(row);
}

/** Undefined: there are as many as there may be. */
export async function addDestination(
  entities: EntityManager,
  body: Body,
): Promise<SyslogDestination | undefined> {
  const row = { id: randomUUID(), body, createdAt: new Date() };
  const isAdded = await insertAtMost(entities, MOST_DESTINATIONS, SyslogDestinationEntity, row);
  return isAdded ? view(row) : undefined;
}

/** `after` says from what it is what it becomes, and nobody else changes it meanwhile. False: it is not there. */
export function changeDestination(
  entities: EntityManager,
  id: string,
  after: (before: Body) => Body,
): Promise<boolean> {
  return entities.transaction(async (tx) => {
    const lock = { mode: 'pessimistic_write' } as const;
    const row = await tx.findOne(SyslogDestinationEntity, { where: { id }, lock });
    if (row === null) return false;
    await tx.update(SyslogDestinationEntity, { id }, { body: after(row.body) });
    return true;
  });
}

export const removeDestination = async (entities: EntityManager, id: string): Promise<boolean> =>
  ((await entities.delete(SyslogDestinationEntity, { id })).affected ?? 0) > 0;

const view = ({ id, body }: DestinationRow): SyslogDestination => ({
  href: `/orgs/1/settings/syslog/destinations/${id}`,
  ...body,
});
