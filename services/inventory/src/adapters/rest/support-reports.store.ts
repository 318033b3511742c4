/** Support reports and who asked for them. Bounded in number: the oldest go. */
import { MOST_SUPPORT_REPORTS } from '../../domain/support-report.js';
import type { Actor } from '@ringfence/contracts';
import { EntitySchema, In } from 'typeorm';
import type { EntityManager } from 'typeorm';

export interface SupportReportRow {
  readonly id: string;
  /** The workload of the agent. */
  readonly ven: string;
  readonly hostname: string;
  readonly status: 'pending' | 'done' | 'failed';
  readonly message: string | null;
  readonly requestedBy: Actor;
  readonly requestedAt: Date;
  readonly completedAt: Date | null;
  /** Bytes. */
  readonly size: number | null;
  readonly content: Buffer | null;
}

export const SupportReportEntity = new EntitySchema<SupportReportRow>({
  name: 'SupportReport',
  tableName: 'support_reports',
  columns: {
    id: { type: 'uuid', primary: true },
    ven: { type: 'text' },
    hostname: { type: 'text' },
    status: { type: 'text' },
    message: { type: 'text', nullable: true },
    requestedBy: { name: 'requested_by', type: 'jsonb' },
    requestedAt: { name: 'requested_at', type: 'timestamptz' },
    completedAt: { name: 'completed_at', type: 'timestamptz', nullable: true },
    size: { type: 'int', nullable: true },
    // Large: read only by who asks for it.
    content: { type: 'bytea', nullable: true, select: false },
  },
  indices: [{ name: 'support_reports_requested', columns: ['requestedAt'] }],
});

export async function addRequest(entities: EntityManager, row: SupportReportRow): Promise<void> {
  await entities.insert(SupportReportEntity, row);
  const beyond = await entities.find(SupportReportEntity, {
    select: { id: true },
    order: { requestedAt: 'desc', id: 'asc' },
    skip: MOST_SUPPORT_REPORTS,
  });
  if (beyond.length > 0) await entities.delete(SupportReportEntity, { id: In(beyond.map(({ id }) => id)) });
}

/** Nothing where it has gone meanwhile. */
export async function complete(
  entities: EntityManager,
  id: string,
  outcome: Pick<SupportReportRow, 'status' | 'message' | 'size' | 'content'>,
): Promise<void> {
  await entities.update(SupportReportEntity, { id }, { ...outcome, completedAt: new Date() });
}

/** The newest first. */
export const supportReports = (entities: EntityManager): Promise<SupportReportRow[]> =>
  entities.find(SupportReportEntity, { order: { requestedAt: 'desc', id: 'asc' } });

export async function contentOf(entities: EntityManager, id: string): Promise<Buffer | null> {
  const row = await entities.findOne(SupportReportEntity, {
    select: { id: true, content: true },
    where: { id },
  });
  return row?.content ?? null;
}
