/**
 * The newest flow rows, for those who follow along (`ringfence flows --follow`): keys in a bounded ring, read back from the
 * table when asked. A cursor names this process and a number; one that is too old or of another process starts at the end.
 */
import type { Flow } from '@ringfence/contracts';
import type pg from 'pg';
import type { FlowKey } from '../read/flows.store.js';
import { FLOWS_BY_KEY, WHOLE_FLOWS } from '../read/flow-search.sql.js';
import { flowView } from '../read/flow-view.js';
import type { FoundFlow } from '../read/flow-view.js';
import { joinedOverModes } from '../read/mode-borders.js';
import { readNames } from '../read/names.projection.js';

const RING = 5_000;
/** One answer; a slower follower gets the rest at the next question. */
const PAGE = 300;

export interface RecentFlows {
  note(keys: readonly FlowKey[]): void;
  after(cursor: string): Promise<{ cursor: string; missed: number; flows: Flow[] }>;
}

export function recentFlows(pool: pg.Pool, epoch: string): RecentFlows {
  const ring: FlowKey[] = [];
  /** Number of the first key in the ring. */
  let first = 0;

  return {
    note: (keys) => {
      ring.push(...keys.slice(-RING));
      const excess = Math.max(0, ring.length - RING);
      ring.splice(0, excess);
      first += excess + Math.max(0, keys.length - RING);
    },
    after: async (cursor) => {
      const end = first + ring.length;
      const [givenEpoch, number] = cursor.split('.');
      const asked = givenEpoch === epoch && /^[0-9]+$/.test(number ?? '') ? Number(number) : end;
      const from = Math.min(Math.max(asked, first), end);
      const keys = ring.slice(from - first, from - first + PAGE);
      const flows = keys.length === 0 ? [] : await readKeys(pool, keys);
      return {
        cursor: `${epoch}.${String(from + keys.length)}`,
        missed: from - Math.min(asked, from),
        flows,
      };
    },
  };
}

async function readKeys(pool: pg.Pool, keys: readonly FlowKey[]): Promise<Flow[]> {
  const column = <K extends keyof FlowKey>(name: K): FlowKey[K][] => keys.map((key) => key[name]);
  const found = await pool.query<FoundFlow>(`${FLOWS_BY_KEY} ${WHOLE_FLOWS} order by w.last_at`, [
    column('day'),
    column('src'),
    column('dst'),
    column('proto'),
    column('port'),
  ]);
  const view = flowView(await readNames(pool));
  return joinedOverModes(found.rows).flatMap((row) => view(row));
}
