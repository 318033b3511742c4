import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from './turns.js';

it('lets nobody wait for a piece of work that waits for somebody else', async () => {
  const inTurn = createTurns(1);
  let release: () => void = () => undefined;
  const held = inTurn(() => new Promise<void>((resolve) => (release = resolve)));
  const order: string[] = [];
  const others = ['a', 'b'].map((name) => inTurn(async () => void order.push(name)));
  await Promise.all(others);
  expect(order).toEqual(['a', 'b']);
  release();
  await held;
});

it('does no more at once than it has places', async () => {
  const inTurn = createTurns(2);
  let atOnce = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++atOnce);
    await sleep(2);
    atOnce -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => inTurn(work)));
  expect(most).toBe(2);
});
