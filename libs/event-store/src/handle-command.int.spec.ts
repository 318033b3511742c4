import { reject } from '@ringfence/decider';
import type { Decider } from '@ringfence/decider';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { handleCommand, handleCommands } from './handle-command.js';
import { happened, meta, StoreBed, totals } from './testing/store-bed.js';

let bed: StoreBed;
const open: StoreBed['open'] = (...how) => bed.open(...how);

beforeAll(async () => {
  bed = await StoreBed.start();
});
afterEach(() => bed.closeStores());
afterAll(() => bed.close());

describe('a command', () => {
  it('decides anew when somebody else was faster, and tells refusals as values', async () => {
    const store = await open();
    const counter: Decider<number, 'count' | 'stop', ReturnType<typeof happened>> = {
      initial: 0,
      decide: (state, command) =>
        command === 'stop' ? reject('not-stoppable', 'it counts on') : [happened(state + 1)],
      evolve: (state) => state + 1,
    };
    const results = await Promise.all(
      [1, 2, 3].map(() => handleCommand(store, counter, 'counter-1', 'count', meta)),
    );
    expect(results.map((result) => result.state).sort()).toEqual([1, 2, 3]);
    const refused = await handleCommand(store, counter, 'counter-1', 'stop', meta);
    expect(refused).toMatchObject({ rejected: { reason: 'not-stoppable' }, state: 3 });
  });
});

describe('many commands in one work', () => {
  const counter: Decider<number, number, ReturnType<typeof happened>> = {
    initial: 0,
    decide: (state, n) => (n < 0 ? reject('negative', 'only upwards') : n === 0 ? [] : [happened(state + n)]),
    evolve: (_, { data }) => data.n,
  };
  const streams = ['counter-1', 'counter-2', 'counter-3'];

  it('are each decided by themselves, knowing what those before them did, and written in one transaction', async () => {
    const store = await open();
    await store.append('counter-2', 0, [happened(5)], meta);
    const states = await handleCommands({ store, decider: counter, streams, meta }, async (work) =>
      [
        ['counter-1', 1],
        ['counter-2', -1],
        ['counter-1', 2],
        ['counter-3', 0],
        ['counter-2', 1],
      ].map(([stream, n]) => work.decide(stream as string, n as number)),
    );
    expect(states).toMatchObject([
      ...[{ state: 1 }, { state: 5, rejected: { reason: 'negative' } }, { state: 3 }],
      ...[{ state: 0 }, { state: 6 }],
    ]);
    const { rows } = await store.pool.query(
      'select stream, version, xmin::text as tx from events where position > 1 order by position',
    );
    expect(rows.map(({ stream, version }) => [stream, version])).toEqual([
      ...[
        ['counter-1', 1],
        ['counter-1', 2],
        ['counter-2', 2],
      ],
    ]);
    expect(new Set(rows.map(({ tx }) => tx)).size).toBe(1);
  });

  it('are written together or not at all', async () => {
    const store = await open(undefined, [
      {
        ...totals(1, 1),
        apply: async (_, events) => {
          if (events.some(({ stream }) => stream === 'counter-3')) throw new Error('no room');
        },
      },
    ]);
    const work = handleCommands({ store, decider: counter, streams, meta }, async ({ decide }) =>
      streams.map((stream) => decide(stream, 1)),
    );
    await expect(work).rejects.toThrow('no room');
    expect(await store.follow(0, 10)).toEqual([]);
  });

  it('are all decided anew when somebody else was faster with one of them', async () => {
    const store = await open();
    let tries = 0;
    const work = handleCommands({ store, decider: counter, streams, meta }, async ({ decide }) => {
      if ((tries += 1) === 1) await store.append('counter-2', 'any', [happened(7)], meta);
      return streams.map((stream) => decide(stream, 1).state);
    });
    expect(await work).toEqual([1, 8, 1]);
    expect(tries).toBe(2);
  });
});
