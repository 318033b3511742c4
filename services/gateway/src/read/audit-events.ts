/**
 * The audit trail: what people asked for, as they asked and how it ended; and what agents, clusters and the system did, read off the domain
 * events. What happens by itself (Pods, computed labels) is no audit event.
 *
 * A request is written down before it is done, so a change that nobody has heard the end of is in the trail, too; the event that came of it
 * carries the request's id, and is told here only where the request is not known (its database was lost, and its owner says it again).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { AuditEvent, Envelope } from '@ringfence/contracts';
import { EntitySchema, LessThan } from 'typeorm';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import type { ErrorItem } from '../domain/refusal.js';
import { auditedAs } from '../domain/audit-words.js';
import { changeTypeOf } from '../domain/request-words.js';
import { creatorOf, resourceOf } from '../domain/audit-resource.js';
import { clusterNameOf, noteClusterName } from './cluster-names.js';
import { eventSettings, isKept } from './event-settings.js';

/** The status of a request that is under way. */
export const UNANSWERED = 'unanswered';

type Creator = AuditEvent['created_by'];
export interface EventRow {
  readonly id: string;
  readonly eventType: string;
  readonly at: Date;
  readonly severity: AuditEvent['severity'];
  readonly status: AuditEvent['status'] | typeof UNANSWERED;
  readonly createdBy: Creator;
  readonly action: AuditEvent['action'];
  readonly resourceChanges: AuditEvent['resource_changes'];
  readonly notifications: AuditEvent['notifications'];
}

export const AuditEventEntity = new EntitySchema<EventRow>({
  name: 'AuditEvent',
  tableName: 'audit_events',
  columns: {
    id: { type: 'uuid', primary: true },
    eventType: { name: 'event_type', type: 'text' },
    at: { type: 'timestamptz' },
    severity: { type: 'text' },
    status: { type: 'text' },
    createdBy: { name: 'created_by', type: 'jsonb' },
    action: { type: 'jsonb', nullable: true },
    resourceChanges: { name: 'resource_changes', type: 'jsonb' },
    notifications: { type: 'jsonb' },
  },
  indices: [{ name: 'audit_events_at', columns: ['at'] }],
});

/** Who asked for what, from where. */
export interface AuditedRequest {
  readonly id: string;
  readonly eventType: string;
  readonly method: string;
  /** Below `/api/v2`. */
  readonly path: string;
  readonly ip: string;
  readonly createdBy: Creator;
  readonly at: Date;
}
export interface RequestEnd {
  readonly status: number;
  readonly errors: readonly ErrorItem[];
  readonly resourceChanges: AuditEvent['resource_changes'];
}
export interface RefusedRequest
  extends Omit<AuditedRequest, 'id' | 'at'>, Omit<RequestEnd, 'resourceChanges'> {}

const FAILURES = new Set(['EnforcementLost', 'AgentRefused']);
/** What they say is of the moment, and no object's. */
const NOTIFIED = /^(agent|enforcement)\./;

/** Null: it is not told, or is told already. */
export type Recorded = Promise<AuditEvent | null>;

export async function recordChange(entities: EntityManager, event: Envelope): Recorded {
  await noteClusterName(entities, event);
  const eventType = auditedAs(event);
  if (eventType === null) return null;
  const { correlation } = event;
  if (correlation !== undefined && (await entities.existsBy(AuditEventEntity, { id: correlation })))
    return null;
  const isFailure = FAILURES.has(event.type);
  return record(entities, {
    id: event.id,
    eventType,
    at: new Date(event.at),
    severity: isFailure ? 'err' : 'info',
    status: isFailure ? 'failure' : 'success',
    createdBy: creatorOf(event, await clusterNameOf(entities, event.actor)),
    action: null,
    resourceChanges: [
      {
        uuid: event.id,
        resource: resourceOf(eventType, event),
        change_type: changeTypeOf(eventType),
        changes: {},
      },
    ],
    notifications: NOTIFIED.test(eventType)
      ? [{ uuid: event.id, notification_type: eventType, info: event.data }]
      : [],
  });
}

export async function recordRefusal(entities: EntityManager, refused: RefusedRequest, at: Date): Recorded {
  const id = randomUUID();
  return record(entities, rowOf({ ...refused, id, at }, { ...refused, resourceChanges: [] }));
}

/** Before it is done. */
export async function beginRequest(entities: EntityManager, request: AuditedRequest): Promise<void> {
  const row = rowOf(request, { status: 0, errors: [], resourceChanges: [] });
  await record(entities, { ...row, severity: 'info', status: UNANSWERED });
}

export async function endRequest(
  entities: EntityManager,
  request: AuditedRequest,
  end: RequestEnd,
): Recorded {
  const row = rowOf(request, end);
  if (!isKept(row.severity, await eventSettings.get(entities))) {
    await entities.delete(AuditEventEntity, { id: row.id });
    return null;
  }
  await entities.upsert(AuditEventEntity, asValues(row), ['id']);
  return viewOf(row);
}

/** What was begun before this and has no end: its gateway was gone before the answer. */
export async function endUnanswered(entities: EntityManager, before: Date): Promise<AuditEvent[]> {
  const rows = await entities.findBy(AuditEventEntity, { status: UNANSWERED, at: LessThan(before) });
  const errors = [
    { token: 'outcome_unknown', message: 'the gateway ended before the answer: look whether it was done' },
  ];
  const ended = rows.map((row) => ({
    ...{ ...row, severity: 'err' as const, status: 'failure' as const },
    action: row.action && { ...row.action, http_status_code: null, errors },
  }));
  for (const row of ended) await entities.upsert(AuditEventEntity, asValues(row), ['id']);
  return ended.map(viewOf);
}

function rowOf(request: AuditedRequest, { status, errors, resourceChanges }: RequestEnd): EventRow {
  const { id, eventType, method, path, ip, createdBy, at } = request;
  const hasFailed = status >= 400;
  return {
    ...{ id, eventType, at, createdBy, resourceChanges, notifications: [] },
    severity: status >= 500 ? 'err' : hasFailed ? 'warning' : 'info',
    status: hasFailed ? 'failure' : 'success',
    action: {
      uuid: id,
      api_endpoint: `/api/v2${path}`.slice(0, 500),
      api_method: method,
      http_status_code: status,
      src_ip: ip,
      info: {},
      errors: [...errors],
    },
  };
}

/** What is recorded already stays as it is. */
async function record(entities: EntityManager, row: EventRow): Recorded {
  if (!isKept(row.severity, await eventSettings.get(entities))) return null;
  const { raw } = await entities
    .createQueryBuilder()
    .insert()
    .into(AuditEventEntity)
    .values(asValues(row))
    .orIgnore()
    .returning('id')
    .execute();
  return (raw as unknown[]).length === 0 ? null : viewOf(row);
}

/** TypeORM's type looks into JSON, and takes nothing of which it does not know what it holds. */
const asValues = (row: EventRow): QueryDeepPartialEntity<EventRow> => row as QueryDeepPartialEntity<EventRow>;

export function viewOf(row: EventRow): AuditEvent {
  return {
    href: `/orgs/1/events/${row.id}`,
    event_id: row.id,
    event_type: row.eventType,
    timestamp: row.at.toISOString(),
    pce_fqdn: hostname(),
    severity: row.severity,
    status: row.status === 'success' ? 'success' : 'failure',
    created_by: row.createdBy,
    action: row.action,
    resource_changes: row.resourceChanges,
    notifications: row.notifications,
  };
}
