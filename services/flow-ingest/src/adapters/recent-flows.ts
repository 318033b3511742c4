/**
 * The newest flow rows, for those who follow along (`ringfence flows --follow`): keys in a bounded ring, read back from the
 * store when asked. A cursor names this process and a number; one that is too old or of another process starts at the end.
 */
import type { Flow } from '@ringfence/contracts';
import { flowView } from '../read/flow-view.js';
import { joinedOverModes } from '../read/mode-borders.js';
import type { Names } from '../read/names.projection.js';
import type { FlowKey, FlowStore } from '../store/port/flow-store.js';

const RING = 5_000;
/** One answer; a slower follower gets the rest at the next question. */
const PAGE = 300;

export interface RecentFlows {
  note(keys: readonly FlowKey[]): void;
  after(cursor: string): Promise<{ cursor: string; missed: number; flows: Flow[] }>;
}

export interface RecentFlowsParts {
  readonly store: FlowStore;
  readonly readNames: () => Promise<Names>;
  /** Of this process: its cursors mean nothing to another. */
  readonly epoch: string;
}

export function recentFlows(parts: RecentFlowsParts): RecentFlows {
  const { epoch } = parts;
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
      const flows = keys.length === 0 ? [] : await readKeys(parts, keys);
      return {
        cursor: `${epoch}.${String(from + keys.length)}`,
        missed: from - Math.min(asked, from),
        flows,
      };
    },
  };
}

async function readKeys({ store, readNames }: RecentFlowsParts, keys: readonly FlowKey[]): Promise<Flow[]> {
  const [found, names] = await Promise.all([store.byKeys(keys), readNames()]);
  const view = flowView(names);
  return joinedOverModes(found).flatMap((row) => view(row));
}
