/**
 * All that is stored, for whoever judges it: who was seen, and flows added up by kinds of ends. Bounded in time and in number; what is beyond
 * is a count.
 */
import { CallError } from '@ringfence/bus';
import { FlowQuery, MOST_STORED, StoredFlowsChoice } from '@ringfence/contracts';
import type { CALLS, EndsSeen, FlowKinds, FlowKindsRequest } from '@ringfence/contracts';
import { fewAtATime, parsed } from '@ringfence/resources';
import type { z } from 'zod';
import { flowFilter } from '../domain/flow-filter.js';
import { addDays } from '../domain/retention.js';
import { filterNames } from '../read/found-flows.js';
import type { Names } from '../read/names.projection.js';
import { SearchEnded } from '../store/port/flow-store.js';
import type { FlowStore, SearchBounds } from '../store/port/flow-store.js';
import { refuseWrongAddresses } from './wrong-addresses.js';

export interface StoredFlows {
  endsSeen(request: z.output<(typeof CALLS)['endsSeen']['request']>): Promise<EndsSeen>;
  flowKinds(request: FlowKindsRequest): Promise<FlowKinds>;
}

export interface StoredFlowsParts {
  readonly store: FlowStore;
  readonly readNames: () => Promise<Names>;
}

/** Within the deadline of the call. */
const WITHIN_MS = 20_000;
/** One is read and the others wait: each reads through all that is stored. */
const MOST_AT_ONCE = 4;

export function storedFlows({ store, readNames }: StoredFlowsParts): StoredFlows {
  const filterOf = async (choice: unknown) => {
    const query = FlowQuery.parse({ ...parsed(StoredFlowsChoice, choice), max_results: 0 });
    refuseWrongAddresses(query);
    return flowFilter(query, filterNames(await readNames()));
  };
  const inTurn = fewAtATime(MOST_AT_ONCE, 'questions about all stored flows', 'flow_query_limit');
  return {
    endsSeen: async ({ since }) => {
      // Who is still seen is written down once a day.
      const day = addDays(since.slice(0, 10), -1);
      return { ends: await inTime((bounds) => store.ends(day, MOST_STORED.ends, bounds)) };
    },
    flowKinds: async ({ choice, kinds, concerned }) => {
      const filter = await filterOf(choice);
      const ends = { kinds, concerned, most: MOST_STORED.kinds };
      const [stored, counted] = await inTurn(() =>
        inTime((bounds) =>
          Promise.all([
            store.count(filter, bounds),
            concerned.length === 0 ? { kinds: [], flows: 0 } : store.kinds(filter, ends, bounds),
          ]),
        ),
      );
      const told = counted.kinds.reduce((sum, { flows }) => sum + flows, 0);
      return { kinds: [...counted.kinds], stored, beyond: counted.flows - told };
    },
  };
}

/** What fails ends what runs beside it. */
export async function inTime<T>(work: (bounds: SearchBounds) => Promise<T>): Promise<T> {
  const ended = new AbortController();
  try {
    return await work({ signal: ended.signal, withinMs: WITHIN_MS });
  } catch (error) {
    ended.abort();
    if (!(error instanceof SearchEnded)) throw error;
    throw CallError.of(
      'DEADLINE_EXCEEDED',
      'request_timeout',
      'there are too many flows to add up at once; ask for a shorter time or name an end',
    );
  }
}
