/** Flows into batches: one policy each, ids never twice, nothing lost. */
import { describe, expect, it } from 'vitest';
import { FlowBatches } from './flow-batches.calculator.js';
import type { CollectedFlows } from './flow-batches.calculator.js';
import { reportedFlow } from '../testing/flows.js';

const named = (count: number) => ({
  mode: 'full' as const,
  flows: Array.from({ length: count }, (_, i) => reportedFlow(i)),
  disagreements: 0,
});
const read = (reporter: string, flows: CollectedFlows['named'], more: Partial<CollectedFlows> = {}) => ({
  ...{ reporter, named: flows, overflow: 0, at: 't0', inForce: { revision: 1, policyVersion: 1 } },
  ...more,
});
const batches = () => new FlowBatches({ node: 'n', bootId: 'boot' }, 't0');

describe('flow batches', () => {
  it('have one revision and policy version each, in order, and one ends where the next begins', () => {
    const collected = batches();
    collected.add(read('a', named(1)));
    collected.add(read('b', named(1), { overflow: 2, at: 't0.5' }));
    collected.add(read('a', named(1), { inForce: { revision: 2, policyVersion: 1 }, at: 't0.9' }));
    const taken = collected.take('t1');
    expect(
      taken.map(({ revision, from, to, overflow, reporters }) => [
        revision,
        from,
        to,
        overflow,
        reporters.length,
      ]),
    ).toEqual([
      [1, 't0', 't0.5', 2, 2],
      [2, 't0.5', 't1', 0, 1],
    ]);
    expect(collected.take('t2')).toEqual([]);
  });

  it('never use an id twice and lose no flow when there are many', () => {
    const collected = batches();
    for (const reporter of ['a', 'b', 'c']) collected.add(read(reporter, named(1700)));
    const first = collected.take('t1');
    collected.add(read('a', named(1)));
    const ids = [...first, ...collected.take('t2')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const flows = first.flatMap(({ reporters }) => reporters.flatMap((reporter) => reporter.flows));
    expect(flows.length).toBe(3 * 1700);
    for (const { reporters } of first)
      expect(reporters.reduce((sum, reporter) => sum + reporter.flows.length, 0)).toBeLessThanOrEqual(1000);
  });

  it('stay below what one message may have, however long the names in them are', () => {
    const collected = batches();
    const many = named(3_000);
    const rule = '漢'.repeat(300);
    const long = { ...many, flows: many.flows.map((each) => ({ ...each, rule })) };
    for (const reporter of ['a', 'b']) collected.add(read(reporter, long));
    const taken = collected.take('t1');
    for (const batch of taken) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(1024 ** 2);
    expect(taken.flatMap(({ reporters }) => reporters.flatMap(({ flows }) => flows)).length).toBe(6_000);
  });

  it('tell an overflow even when nothing was itemised', () => {
    const collected = batches();
    collected.add(read('a', named(0), { overflow: 9 }));
    expect(collected.take('t1')).toMatchObject([{ overflow: 9, reporters: [] }]);
  });
});
