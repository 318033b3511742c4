import type { Positions } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { hearing, saying } from './own-writes.js';
import type { OwnersBus } from './own-writes.js';

/** A stream that grows to `last` with each word of an owner, and a reader of it that is at `read`. */
function world(sources: readonly ('label-resolver' | 'inventory')[] = []) {
  const state = { last: 0, read: 0, asked: [] as unknown[] };
  const bus: OwnersBus = {
    kept: () => Promise.resolve({ stream: 'EVENTS', first: 1, last: state.last }),
    call: (_, request) => {
      state.asked.push(request);
      state.last += 1;
      return Promise.resolve({});
    },
  };
  const untilHeard = hearing({
    bus,
    owners: { 'label-resolver': sources },
    hasPassed: (seq) => Promise.resolve(state.read >= seq),
    withinMs: 200,
  });
  return { state, untilHeard };
}
const wrote = (position: number, more: Positions = {}): Positions => ({
  'label-resolver': position,
  ...more,
});

describe('who answers a caller that wrote elsewhere', () => {
  it('asks nobody for a caller that has written nothing, or nothing to anybody that it hears', async () => {
    const { state, untilHeard } = world();
    await untilHeard(undefined);
    await untilHeard({ 'policy-compute': 7 });
    expect(state.asked).toEqual([]);
  });

  it('waits until it has read what its owner has said, and asks for the same never again', async () => {
    const { state, untilHeard } = world();
    let isHeard = false;
    const heard = untilHeard(wrote(7)).then(() => (isHeard = true));
    await new Promise(setImmediate);
    expect(isHeard).toBe(false);
    state.read = 1;
    await heard;
    await untilHeard(wrote(7));
    await untilHeard(wrote(3));
    expect(state.asked).toEqual([{ position: 7 }]);
  });

  it('has the owner wait for the one behind it, whatever that one’s writes were for', async () => {
    const { state, untilHeard } = world(['inventory']);
    state.read = 10;
    await untilHeard({ inventory: 4 });
    await untilHeard(wrote(7, { inventory: 4 }));
    expect(state.asked).toEqual([{ after: { inventory: 4 } }, { position: 7 }]);
  });

  it('refuses what has not arrived in time, in words that say to try again, and hears it when it has', async () => {
    const { state, untilHeard } = world();
    await expect(untilHeard(wrote(7))).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringContaining('label-resolver'),
    });
    state.read = 10;
    await untilHeard(wrote(7));
    expect(state.asked).toHaveLength(2);
  });
});

describe('an owner that is asked whether its word is out', () => {
  const upto = async (request: { position?: number; after?: Positions }): Promise<number[]> => {
    const asked: number[] = [];
    const store = { lastPosition: () => Promise.resolve(5) };
    const relay = { said: (position: number) => Promise.resolve(asked.push(position) > 0) };
    await saying(store, relay, () => Promise.resolve())(request);
    return asked;
  };

  it('says so up to what was written', async () => {
    expect(await upto({ position: 3 })).toEqual([3]);
  });

  it('says all of it when what follows from another’s word is asked for', async () => {
    expect(await upto({ after: { inventory: 9 } })).toEqual([5]);
  });

  it('waits for nothing that its database has lost', async () => {
    expect(await upto({ position: 8 })).toEqual([5]);
  });
});
