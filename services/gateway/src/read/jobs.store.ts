/**
 * Asynchronous GETs: a job, its state, and the answer as a data file. Bounded in number and size, gone after their time; a job that a restart interrupted is
 * failed, so that nobody polls for ever.
 */
import { randomUUID } from 'node:crypto';
import type { Job } from '@ringfence/contracts';
import type pg from 'pg';

const LIVING_JOBS = 100;
const RUNNING_JOBS = 10;
const LIFETIME_MINUTES = 15;
const LARGEST_RESULT = 128 * 1024 * 1024;

interface JobRow {
  readonly id: string;
  readonly status: Job['status'];
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly terminated_at: Date | null;
  readonly datafile: string | null;
  readonly message: string | null;
}

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

const VIEW = 'id, status, requested_by, requested_at, terminated_at, datafile, message';

export function jobsStore(pool: pg.Pool): Jobs {
  const running = new Set<Promise<void>>();

  return {
    start: async (requestedBy, work, explain) => {
      await expire(pool);
      if (running.size >= RUNNING_JOBS) return undefined;
      const id = randomUUID();
      const added = await pool.query(
        `insert into jobs (id, status, requested_by) select $1, 'running', $2
          where (select count(*) from jobs) < ${String(LIVING_JOBS)}`,
        [id, requestedBy],
      );
      if (added.rowCount !== 1) return undefined;
      // A database that went away meanwhile leaves the job `running`; it expires.
      const end = finish(pool, id, work, explain).catch(() => undefined);
      running.add(end);
      void end.then(() => running.delete(end));
      return id;
    },
    get: async (id) =>
      (await pool.query<JobRow>(`select ${VIEW} from jobs where id = $1`, [id])).rows.map(view)[0],
    list: async () =>
      (await pool.query<JobRow>(`select ${VIEW} from jobs order by requested_at desc`)).rows.map(view),
    remove: async (id) => ((await pool.query('delete from jobs where id = $1', [id])).rowCount ?? 0) > 0,
    datafile: async (id) => {
      const found = await pool.query<{ result: string }>('select result from jobs where datafile = $1', [id]);
      return found.rows[0]?.result;
    },
    failInterrupted: async () => {
      await pool.query(
        `update jobs set status = 'failed', terminated_at = now(), message = 'interrupted by a restart; ask again' where status = 'running'`,
      );
    },
    close: async () => {
      await Promise.all(running);
    },
  };
}

async function finish(
  pool: pg.Pool,
  id: string,
  work: () => Promise<string>,
  explain: (error: unknown) => string,
): Promise<void> {
  try {
    const text = await work();
    if (text.length > LARGEST_RESULT) throw new Error('the answer is too large; ask for less');
    await pool.query(
      `update jobs set status = 'done', terminated_at = now(), datafile = $2, result = $3 where id = $1`,
      [id, randomUUID(), text],
    );
  } catch (error) {
    await pool.query(`update jobs set status = 'failed', terminated_at = now(), message = $2 where id = $1`, [
      id,
      explain(error),
    ]);
  }
}

async function expire(pool: pg.Pool): Promise<void> {
  await pool.query(
    `delete from jobs where requested_at < now() - make_interval(mins => ${String(LIFETIME_MINUTES)})`,
  );
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
    requested_at: row.requested_at.toISOString(),
    requested_by: { href: row.requested_by },
    ...(row.terminated_at === null ? {} : { terminated_at: row.terminated_at.toISOString() }),
    ...(result === undefined ? {} : { result }),
  };
}
