/**
 * Asynchronous GETs: a job, its state, and the answer as a data file. Bounded in number and size, gone after their time; a
 * job whose process is gone has failed, so that nobody polls for ever. Several processes run jobs.
 */
import { randomUUID } from 'node:crypto';
import type { Job } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import { EntitySchema, In, LessThan } from 'typeorm';
import type { EntityManager, Repository } from 'typeorm';
import { insertAtMost } from './at-most.js';

const LIVING_JOBS = 100;
const RUNNING_JOBS = 10;
const LIFETIME_MS = 15 * 60_000;
const TEND_EVERY_MS = 5_000;
const GONE_AFTER_MS = 20_000;
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
  /** Of the process that runs it; not moved on for long: that one is gone. */
  readonly aliveAt: Date;
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
    aliveAt: { name: 'alive_at', type: 'timestamptz' },
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
  /** Here and below `by`: of him who asked for it; undefined: of everybody. */
  get(id: string, by: string | undefined): Promise<Job | undefined>;
  list(by: string | undefined): Promise<Job[]>;
  remove(id: string, by: string | undefined): Promise<boolean>;
  datafile(id: string, by: string | undefined): Promise<string | undefined>;
  /** Waits for what runs. */
  close(): Promise<void>;
}

export function jobsStore(entities: EntityManager, onError: (error: unknown) => void): Jobs {
  const jobs = entities.getRepository(JobEntity);
  const running = new Map<string, Promise<void>>();
  const tending = setInterval(() => void tend(jobs, [...running.keys()]).catch(onError), TEND_EVERY_MS);
  // Counting what runs here and adding to it are one step.
  const inTurn = oneAtATime();

  return {
    start: (requestedBy, work, explain) =>
      inTurn(async () => {
        await jobs.delete({ requestedAt: LessThan(new Date(Date.now() - LIFETIME_MS)) });
        if (running.size >= RUNNING_JOBS) return undefined;
        const id = randomUUID();
        const now = new Date();
        const job = { id, status: 'running', requestedBy, requestedAt: now, aliveAt: now } as const;
        if (!(await insertAtMost(entities, LIVING_JOBS, JobEntity, job))) return undefined;
        // A database that went away meanwhile leaves the job `running`; it expires.
        const end = finish(jobs, id, work, explain).catch(() => undefined);
        running.set(id, end);
        void end.then(() => running.delete(id));
        return id;
      }),
    get: async (id, by) => {
      const row = await jobs.findOneBy({ id, ...askedBy(by) });
      return row === null ? undefined : view(row);
    },
    list: async (by) => (await jobs.find({ where: askedBy(by), order: { requestedAt: 'desc' } })).map(view),
    remove: async (id, by) => ((await jobs.delete({ id, ...askedBy(by) })).affected ?? 0) > 0,
    datafile: async (id, by) => {
      const where = { datafile: id, ...askedBy(by) };
      const row = await jobs.findOne({ select: { id: true, result: true }, where });
      return row?.result ?? undefined;
    },
    close: async () => {
      await Promise.all(running.values());
      clearInterval(tending);
    },
  };
}

const askedBy = (by: string | undefined): { requestedBy?: string } =>
  by === undefined ? {} : { requestedBy: by };

/** Jobs of this process live; those of a process that is gone have failed. */
async function tend(jobs: Repository<JobRow>, own: readonly string[]): Promise<void> {
  const now = Date.now();
  if (own.length > 0) await jobs.update({ id: In([...own]) }, { aliveAt: new Date(now) });
  const gone = { status: 'running', aliveAt: LessThan(new Date(now - GONE_AFTER_MS)) } as const;
  await jobs.update(gone, failed('interrupted by a restart; ask again'));
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
