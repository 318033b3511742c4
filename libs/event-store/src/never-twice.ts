/**
 * A database that lacks what was said from it: an older backup was restored, or it was lost. It would give again positions that were given
 * before, and every copy would take what is decided from now on for old. So it goes on above them, and says loudly what is lost.
 */
import { Envelope } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import type { EventStore } from './event-store.js';
import { lastPosition } from './read.js';

const STREAM = 'EVENTS';
const OF_OWN_EVENTS = /^evt\./;

/** The bus, as far as this needs it. */
export interface SaidBus {
  last(stream: string, filter: string): Promise<unknown>;
}

/** Before anything is decided. Null: nothing was said that is not here. Else in words what is lost, and where it says what to do. */
export async function neverTwice(
  { pool, service }: Pick<EventStore, 'pool' | 'service'>,
  bus: SaidBus,
  { emits }: Pick<ServiceManifest, 'emits'>,
): Promise<string | null> {
  const said: Envelope[] = [];
  for (const { subject } of emits) {
    if (!OF_OWN_EVENTS.test(subject)) continue;
    const { data } = Envelope.safeParse(await bus.last(STREAM, subject));
    if (data !== undefined) said.push(data);
  }
  const ids = said.map(({ id }) => id);
  const { rows } = await pool.query<{ id: string }>('select id from events where id = any($1)', [ids]);
  const here = new Set(rows.map(({ id }) => id));
  const lost = said.filter(({ id }) => !here.has(id)).sort((a, b) => b.position - a.position)[0];
  if (lost === undefined) return null;
  const kept = await lastPosition(pool);
  await pool.query("select setval(pg_get_serial_sequence('events', 'position'), $1)", [
    Math.max(kept, ...said.map(({ position }) => position)),
  ]);
  return (
    `${service} has said more than its database knows (${lost.type} of ${lost.at}): an older backup was restored, or it was lost. ` +
    'Others still hold what is lost here: docs/operations.md, "A backup that is older"'
  );
}
