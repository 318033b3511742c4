/**
 * A copy of what others decided that lacks something: a new one, where the stream has forgotten its beginning, or one that was away
 * for so long that the stream went on without it. It asks the owners by itself to say everything again, once, and says so until it
 * has read that.
 */
import { RESYNC_CALLS } from '@ringfence/contracts';
import type { Owner } from '@ringfence/contracts';
import { pause, retrying } from '@ringfence/retrying';
import type pg from 'pg';
import type { EventStore } from './event-store.js';
import type { ResyncProgress } from './resync.js';

const STREAM = 'EVENTS';
const LOOK_EVERY_MS = 60_000;
const POLL_EVERY_MS = 500;

/** What a stream keeps: its name and birth, and the sequences of its ends. */
export interface KeptMessages {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
}
/** The bus, as far as this needs it. */
export interface CopyBus {
  kept(stream: string): Promise<KeptMessages>;
  call(contract: (typeof RESYNC_CALLS)[Owner], request: { begin: boolean }): Promise<ResyncProgress>;
}

export interface CopyParts {
  readonly store: Pick<EventStore, 'pool'>;
  readonly bus: CopyBus;
  /** Whose facts are copied. */
  readonly owners: readonly Owner[];
  /** Messages of theirs that are not yet taken in. */
  readonly waiting: () => Promise<number>;
  /** Between two looks. */
  readonly everyMs?: number;
}

/** What it needs of a process; service-host's `HostContext` has this shape. */
export interface CopyProcess {
  readonly health: { require(name: string, isMet: () => true | string): void };
  readonly logger: Record<'warn', (details: object, message: string) => void>;
  onShutdown(release: () => Promise<void>): void;
}

/** From now on, until the process ends; it is ready only with a whole copy. */
export function keepWhole({ health, logger, onShutdown }: CopyProcess, parts: CopyParts): void {
  const closing = new AbortController();
  const { signal } = closing;
  const told: Told = {
    state: 'not looked yet',
    asking: (owner) => {
      told.state = `${owner} is asked to say everything again`;
      logger.warn({ owner }, 'something that it said is missing here: it is asked to say everything again');
    },
  };
  const onError = (error: unknown): void => logger.warn({ err: error }, 'copies could not be looked at');
  const running = (async () => {
    while (!signal.aborted) {
      await retrying(() => look(parts, signal, told), { signal, onError });
      await pause(parts.everyMs ?? LOOK_EVERY_MS, signal);
    }
  })();
  health.require('copies', () => told.state);
  onShutdown(async () => {
    closing.abort();
    await running;
  });
}

interface Told {
  /** True, or what is missing in words. */
  state: true | string;
  asking(owner: Owner): void;
}

async function look(parts: CopyParts, signal: AbortSignal, told: Told): Promise<void> {
  const { store, bus, owners, waiting } = parts;
  const kept = await bus.kept(STREAM);
  const seen = await readSeen(store.pool);
  const lacking = owners.filter((owner) => lacks(seen.get(owner), kept));
  // From the first moment on: who is killed before it has read all notices later that the stream is another one.
  const isNew = (owner: Owner): boolean => !seen.has(owner) && !lacking.includes(owner);
  await rememberSeen(store.pool, owners.filter(isNew), { ...kept, last: 0 });
  for (const owner of lacking) await haveSaidAgain(parts, owner, signal, told);
  // What was said before is said again behind this place.
  for (const owner of lacking) seen.set(owner, { stream: kept.stream, seq: kept.last });
  if (lacking.length > 0) await untilRead(parts, signal, told);
  else told.state = true;
  if (signal.aborted || (await waiting()) > 0) return;
  const now = await bus.kept(STREAM);
  // Perhaps it was not read but forgotten: that is found the next time.
  if (owners.some((owner) => lacks(seen.get(owner), now))) return;
  await rememberSeen(store.pool, owners, kept);
  told.state = true;
}

/** Where nothing was ever read, everything must still be there; else all that came after. */
function lacks(seen: Seen | undefined, { stream, first }: KeptMessages): boolean {
  if (seen === undefined) return first > 1;
  return seen.stream !== stream || seen.seq + 1 < first;
}

async function haveSaidAgain(parts: CopyParts, owner: Owner, signal: AbortSignal, told: Told): Promise<void> {
  told.asking(owner);
  const begun = await parts.bus.call(RESYNC_CALLS[owner], { begin: true });
  await untilSaid(parts, { owner, begun }, signal, told);
  // That was one which was under way: its first words may be forgotten already.
  if (begun.position > 0 && !signal.aborted) await haveSaidAgain(parts, owner, signal, told);
}

async function untilSaid(
  { bus }: CopyParts,
  { owner, begun }: { readonly owner: Owner; readonly begun: ResyncProgress },
  signal: AbortSignal,
  told: Told,
): Promise<void> {
  for (let now = begun; now.position !== now.upto && !signal.aborted;) {
    told.state = `${owner} says everything again: ${now.said} events, looked through ${now.position} of ${now.upto}`;
    await pause(POLL_EVERY_MS, signal);
    now = await bus.call(RESYNC_CALLS[owner], { begin: false });
  }
}

async function untilRead({ waiting }: CopyParts, signal: AbortSignal, told: Told): Promise<void> {
  for (let left = await waiting(); left > 0 && !signal.aborted; left = await waiting()) {
    told.state = `of what was said again ${left} events are not read yet`;
    await pause(POLL_EVERY_MS, signal);
  }
}

/** Everything up to here is in the copy. */
interface Seen {
  readonly stream: string;
  readonly seq: number;
}

async function readSeen(db: pg.Pool): Promise<Map<string, Seen>> {
  const { rows } = await db.query<{ owner: string; stream: string; seq: string }>('select * from copied');
  return new Map(rows.map(({ owner, stream, seq }) => [owner, { stream, seq: Number(seq) }]));
}

async function rememberSeen(
  db: pg.Pool,
  owners: readonly Owner[],
  { stream, last }: KeptMessages,
): Promise<void> {
  await db.query(
    `insert into copied select owner, $2, $3::bigint from unnest($1::text[]) as o(owner)
     on conflict (owner) do update set stream = excluded.stream, seq = excluded.seq`,
    [owners, stream, last],
  );
}

/** Of these durables, for `waiting`. */
export async function waitingInAll<Lane>(
  bus: { waiting(lane: Lane): Promise<number> },
  lanes: readonly Lane[],
): Promise<number> {
  const counts = await Promise.all(lanes.map((lane) => bus.waiting(lane)));
  return counts.reduce((sum, each) => sum + each, 0);
}
