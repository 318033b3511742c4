/** The audit trail as it is asked for, and what of it is old enough to go: kept as long as the settings say, and never more than `KEPT_ROWS`. */
import type { AuditEvent } from '@ringfence/contracts';
import { And, LessThan, LessThanOrEqual, MoreThanOrEqual, Not, Raw } from 'typeorm';
import type { EntityManager, FindOperator, FindOptionsWhere } from 'typeorm';
import { AuditEventEntity, UNANSWERED, viewOf } from './audit-events.js';
import type { EventRow } from './audit-events.js';
import { eventSettings } from './event-settings.js';

const KEPT_ROWS = 200_000;
/** A GET of events answers no more than this. */
const MOST_EVENTS = 10_000;

export interface EventFilter {
  /** An href, a name, or a word: `user`, `agent`, `container_cluster`, `system`. */
  readonly createdBy?: string | undefined;
  /** Only what the system itself did. */
  readonly ofSystem?: boolean;
  readonly eventType?: string | undefined;
  readonly severity?: string | undefined;
  readonly status?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit: number;
}

export async function listEvents(
  entities: EntityManager,
  filter: EventFilter,
): Promise<{ total: number; events: AuditEvent[] }> {
  const [rows, total] = await entities.findAndCount(AuditEventEntity, {
    where: matching(filter),
    order: { at: 'desc', id: 'asc' },
    take: Math.min(filter.limit, MOST_EVENTS),
  });
  return { total, events: rows.map(viewOf) };
}

function matching(filter: EventFilter): FindOptionsWhere<EventRow> {
  const { createdBy, ofSystem, eventType, severity, status, since, until } = filter;
  const within = [
    ...(since === undefined ? [] : [MoreThanOrEqual(new Date(since))]),
    ...(until === undefined ? [] : [LessThanOrEqual(new Date(until))]),
  ];
  return {
    ...(createdBy !== undefined && { createdBy: doneBy(createdBy) }),
    ...(ofSystem === true && { createdBy: Raw((column) => `jsonb_exists(${column}, 'system')`) }),
    ...(eventType !== undefined && { eventType }),
    ...(severity !== undefined && { severity: severity as EventRow['severity'] }),
    status: status === undefined ? Not(UNANSWERED) : (status as EventRow['status']),
    ...(within.length > 0 && { at: And(...within) }),
  };
}

/** SQL: the word is a key of the JSON, href and name are values in what it holds. */
const doneBy = (who: string): FindOperator<EventRow['createdBy']> =>
  Raw(
    (column) =>
      `(jsonb_exists(${column}, :who) or jsonb_path_exists(${column}, '$.*.* ? (@ == $who)', jsonb_build_object('who', :who::text)))`,
    { who },
  );

export async function findEvent(entities: EntityManager, id: string): Promise<AuditEvent | undefined> {
  const row = await entities.findOneBy(AuditEventEntity, { id });
  return row === null || row.status === UNANSWERED ? undefined : viewOf(row);
}

export async function pruneEvents(entities: EntityManager): Promise<void> {
  const events = entities.getRepository(AuditEventEntity);
  const { audit_event_retention_seconds: seconds } = await eventSettings.get(entities);
  await events.delete({ at: LessThan(new Date(Date.now() - seconds * 1_000)) });
  const [firstTooMany] = await events.find({
    select: { id: true, at: true },
    order: { at: 'desc' },
    skip: KEPT_ROWS,
    take: 1,
  });
  if (firstTooMany !== undefined) await events.delete({ at: LessThanOrEqual(firstTooMany.at) });
}
