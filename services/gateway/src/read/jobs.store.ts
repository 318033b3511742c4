/**
 * Asynchronous GETs: a job, its state, and the answer as a data file. Bounded in number and size, gone after their time; a
 * job that a restart interrupted is failed, so that nobody polls for ever.
 */
import { randomUUID } from 'node:crypto';
import type { Job } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import { EntitySchema, LessThan } from 'typeorm';
import type { EntityManager, Repository } from 'typeorm';

const LIVING_JOBS = 100;
const RUNNING_JOBS = 10;
const LIFETIME_MS = 15 * 60_000;
const LARGEST_RESULT = 128 * 1024 * 1024;

interface JobRow {
  readonly id: string;
  readonly status: Job['status'];
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly terminatedAt: Date | null;
  readonly datafile: string | null;
  readonly result: string | null;
  readonly message: string | null;
}

export const JobEntity = new EntitySchema<JobRow>({
  name: 'Job',
  tableName: 'jobs',
  columns: {
    id: { type: 'uuid', primary: true },
    status: { type: 'text' },
    requestedBy: { name: 'requested_by', type: 'text' },
    requestedAt: { name: 'requested_at', type: 'timestamptz' },
    terminatedAt: { name: 'terminated_at', type: 'timestamptz', nullable: true },
    datafile: { type: 'uuid', nullable: true },
    // Large: read only by who asks for it.
    result: { type: 'text', nullable: true, select: false },
    message: { type: 'text', nullable: true },
  },
  indices: [{ name: 'jobs_requested', columns: ['requestedAt'] }],
  uniques: [{ name: 'jobs_datafile_key', columns: ['datafile'] }],
});

export interface Jobs {
  /** Undefined: too many exist or run. `work` makes the JSON text of the data file. */
  start(
    requestedBy: string,
    work: () => Promise<string>,
    explain: (error: unknown) => string,
  ): Promise<string | undefined>;
  get(id: string): Promise<Job | undefined>;
  list(): Promise<Job[]>;
  remove(id: string): Promise<boolean>;
  datafile(id: string): Promise<string | undefined>;
  failInterrupted(): Promise<void>;
  /** Waits for what runs. */
  close(): Promise<void>;
}

export function jobsStore(entities: EntityManager): Jobs {
  const jobs = entities.getRepository(JobEntity);
  const running = new Set<Promise<void>>();
  // Counting and adding are one step, so that the bounds hold.
  const inTurn = oneAtATime();

  return {
    start: (requestedBy, work, explain) =>
      inTurn(async () => {
        await jobs.delete({ requestedAt: LessThan(new Date(Date.now() - LIFETIME_MS)) });
        if (running.size >= RUNNING_JOBS || (await jobs.count()) >= LIVING_JOBS) return undefined;
        const id = randomUUID();
        await jobs.insert({ id, status: 'running', requestedBy, requestedAt: new Date() });
        // A database that went away meanwhile leaves the job `running`; it expires.
        const end = finish(jobs, id, work, explain).catch(() => undefined);
        running.add(end);
        void end.then(() => running.delete(end));
        return id;
      }),
    get: async (id) => {
      const row = await jobs.findOneBy({ id });
      return row === null ? undefined : view(row);
    },
    list: async () => (await jobs.find({ order: { requestedAt: 'desc' } })).map(view),
    remove: async (id) => ((await jobs.delete({ id })).affected ?? 0) > 0,
    datafile: async (id) => {
      const row = await jobs.findOne({ select: { id: true, result: true }, where: { datafile: id } });
      return row?.result ?? undefined;
    },
    failInterrupted: async () => {
      await jobs.update({ status: 'running' }, failed('interrupted by a restart; ask again'));
    },
    close: async () => {
      await Promise.all(running);
    },
  };
}

const failed = (message: string): Pick<JobRow, 'status' | 'terminatedAt' | 'message'> => ({
  status: 'failed',
  terminatedAt: new Date(),
  message,
});

async function finish(
  jobs: Repository<JobRow>,
  id: string,
  work: () => Promise<string>,
  explain: (error: unknown) => string,
): Promise<void> {
  try {
    const result = await work();
    if (result.length > LARGEST_RESULT) throw new Error('the answer is too large; ask for less');
    await jobs.update({ id }, { status: 'done', terminatedAt: new Date(), datafile: randomUUID(), result });
  } catch (error) {
    await jobs.update({ id }, failed(explain(error)));
  }
}

function view(row: JobRow): Job {
  const result =
    row.status === 'failed'
      ? { message: row.message ?? 'failed' }
      : row.datafile === null
        ? undefined
        : { href: `/orgs/1/datafiles/${row.datafile}` };
  return {
    href: `/orgs/1/jobs/${row.id}`,
    job_type: ':illumio/async_requests',
    status: row.status,
    requested_at: row.requestedAt.toISOString(),
    requested_by: { href: row.requestedBy },
    ...(row.terminatedAt === null ? {} : { terminated_at: row.terminatedAt.toISOString() }),
    ...(result === undefined ? {} : { result }),
  };
}
