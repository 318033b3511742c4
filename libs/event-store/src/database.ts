/** Finding the database: one per service on the server of DATABASE_URL, made on first use; waiting while Postgres is away. */
import { retrying } from '@ringfence/retrying';
import pg from 'pg';
import { DatabaseRefused } from './database-refused.js';

const CONNECT_WITHIN_MS = 5_000;
const DATABASE_EXISTS = '42P04';
const UNIQUE_VIOLATION = '23505';
const NO_SUCH_DATABASE = '3D000';
const INSUFFICIENT_PRIVILEGE = '42501';

export interface WaitOptions {
  readonly onState?: (state: { readonly connected: boolean; readonly detail: string }) => void;
  readonly signal?: AbortSignal;
}

/** The url of `<database>_<service>`. Throws when it is missing and may not be created: only a person can help then. */
export async function ensureDatabase(
  adminUrl: string,
  service: string,
  wait: WaitOptions = {},
): Promise<string> {
  const url = new URL(adminUrl);
  const database = `${decodeURIComponent(url.pathname.slice(1))}_${service.replaceAll('-', '_')}`;
  url.pathname = `/${encodeURIComponent(database)}`;
  await untilPostgresAnswers(async () => {
    if (await exists(url.href)) return;
    await create(adminUrl, database);
  }, wait);
  return url.href;
}

/** Runs `work`, again and again while Postgres cannot be reached; any other failure is thrown. */
export async function untilPostgresAnswers<T>(
  work: () => Promise<T>,
  { signal, onState }: WaitOptions,
): Promise<T> {
  const done = await retrying(async () => ({ result: await work() }), {
    signal,
    onError: (error) => {
      if (!isPostgresAway(error)) throw error;
      onState?.({ connected: false, detail: describe(error) });
    },
  });
  if (done === undefined) throw new Error('ended before Postgres answered', { cause: signal?.reason });
  onState?.({ connected: true, detail: 'connected' });
  return done.result;
}

/** Whether the same statement may succeed later: the server is away, ending, starting, full, or aborted us in favour of another. */
export function isPostgresAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isPostgresAway);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') {
    return (
      /^(08|53|57P0|40)/.test(code) ||
      /^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_AGAIN)/.test(code) ||
      code === 'ENOTFOUND'
    );
  }
  return /connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable/i.test(
    error.message,
  );
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}

async function exists(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    if (codeOf(error) === NO_SUCH_DATABASE) return false;
    throw error;
  }
}

async function create(adminUrl: string, database: string): Promise<void> {
  try {
    const url = (await exists(adminUrl)) ? adminUrl : maintenanceUrl(adminUrl);
    await withClient(url, (client) => client.query(`create database ${pg.escapeIdentifier(database)}`));
  } catch (error) {
    const code = codeOf(error);
    // Another process of the same service was faster.
    if (code === DATABASE_EXISTS || code === UNIQUE_VIOLATION) return;
    if (code !== INSUFFICIENT_PRIVILEGE) throw error;
    const role = new URL(adminUrl).username;
    throw new DatabaseRefused(
      'database_missing',
      `database ${database} is missing and role "${role}" may not create it: run "alter role ${role} createdb" or create it`,
      { cause: error },
    );
  }
}

/** The database of DATABASE_URL only gives the others their name: it need not exist itself. */
function maintenanceUrl(adminUrl: string): string {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  return url.href;
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WITHIN_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
