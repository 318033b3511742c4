import { AsyncResource } from 'node:async_hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EventStore } from './event-store.js';
import { happened, meta, StoreBed, total } from './testing/store-bed.js';
import { Overtaken, unlessOvertaken } from './unless-overtaken.js';
import type { OvertakenBy } from './unless-overtaken.js';

let bed: StoreBed;
let store: EventStore;

beforeAll(async () => {
  bed = await StoreBed.start();
});
afterEach(() => bed.closeStores());
afterAll(() => bed.close());

/** Outside of the work. */
const anotherProcess = new AsyncResource('another process');
const writes = (stream: string, n: number) => store.append(stream, 'any', [happened(n)], meta);

describe('work that goes by what it has read', () => {
  /** Reads thing-1, is overtaken by others as often as it says, and writes what it has read. */
  const reading = (others: readonly string[], by?: OvertakenBy): Promise<number> => {
    const slippingIn = [...others];
    return unlessOvertaken(
      store,
      async () => {
        const read = await total(store, 'thing-1');
        const other = slippingIn.shift();
        if (other !== undefined) await anotherProcess.runInAsyncScope(() => writes(other, 1));
        await writes('thing-1', 10 * (read ?? 0));
        await writes('thing-1', 0);
        return read ?? 0;
      },
      by,
    );
  };
  it('writes if nobody else has written there since, and else reads anew', async () => {
    store = await bed.open();
    await writes('thing-1', 1);
    expect(await reading([])).toBe(1);
    expect(await total(store, 'thing-1')).toBe(11);
    expect(await reading(['thing-1', 'thing-1'])).toBe(13);
    expect(await total(store, 'thing-1')).toBe(143);
  });

  it('minds those who write elsewhere only where anything counts', async () => {
    store = await bed.open();
    await writes('thing-1', 1);
    const before = await store.lastPosition();
    await reading(['thing-2']);
    expect(await store.lastPosition()).toBe(before + 3);
    await reading(['thing-2'], 'anything');
    expect(await total(store, 'thing-2')).toBe(2);
  });

  it('gives up when it is overtaken again and again, and has written nothing', async () => {
    store = await bed.open();
    await writes('thing-1', 1);
    await expect(reading(Array.from({ length: 50 }, () => 'thing-1'))).rejects.toThrow(Overtaken);
    expect(await total(store, 'thing-1')).toBe(11);
  });
});
