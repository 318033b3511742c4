/** Flow batches that nobody takes: bounded, the oldest go first, every drop is counted and need not be kept. */
import type { FlowBatch } from '@ringfence/contracts';
import { expect, it } from 'vitest';
import { Uplink } from './uplink.js';

it('while clas-cache is away keeps the newest flows that fit, and counts the others', () => {
  const batch = (n: number): FlowBatch => ({
    id: `n/b/${n}`,
    node: 'n',
    revision: 1,
    policyVersion: 1,
    from: 't0',
    to: 't1',
    overflow: 0,
    reporters: [{ id: 'pod', mode: 'full', flows: [] }],
  });
  let dropped = 0;
  const done: string[] = [];
  const size = JSON.stringify(batch(1)).length;
  const uplink = new Uplink({
    cluster: 'c',
    node: 'n',
    bootId: 'b',
    queueBytes: size * 3,
    onDropped: () => (dropped += 1),
    onFlowsDone: (id) => done.push(id),
    onError: () => undefined,
  });
  uplink.flowBatches([1, 2, 3, 4, 5].map(batch));
  expect([uplink.waiting, dropped]).toEqual([3, 2]);
  expect(done).toEqual(['n/b/1', 'n/b/2']);
});
