import { FlowBatch } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { FlowIntervals } from './flow-intervals.js';
import type { ReportedFlow } from './judge.js';

const FROM = '2026-01-01T00:00:00Z';
const TO = '2026-01-01T00:00:05Z';
const inForce = { revision: 4, policyVersion: 2 };
const flow = (more: Partial<ReportedFlow> = {}): ReportedFlow => ({
  direction: 'outbound',
  src: '10.244.1.2',
  dst: '10.96.0.7',
  proto: 6,
  port: 80,
  verdict: 'allowed',
  state: 'new',
  connections: 1,
  bytesOut: 100,
  bytesIn: 200,
  rule: 'r1',
  ruleClass: 'allow',
  ...more,
});
const intervals = (): FlowIntervals => new FlowIntervals({ node: 'n1', bootId: 'b1' }, FROM);
const entry = (more: Partial<ReportedFlow> = {}, policy = inForce) =>
  ({ reporter: 'pod-1', mode: 'full', inForce: policy, flow: flow(more) }) as const;

describe('an interval', () => {
  it('sums what is the same flow, in the form of the contract', () => {
    const made = intervals();
    made.add(entry());
    made.add(entry());
    made.add(entry({ verdict: 'blocked', rule: null, ruleClass: null }));
    const [batch, ...others] = made.take(TO);
    expect(others).toEqual([]);
    expect(FlowBatch.parse(batch)).toMatchObject({ id: 'n1/b1/1', ...inForce, from: FROM, to: TO });
    expect(batch?.reporters).toHaveLength(1);
    expect(batch?.reporters[0]?.flows).toEqual([
      flow({ connections: 2, bytesOut: 200, bytesIn: 400 }),
      flow({ verdict: 'blocked', rule: null, ruleClass: null }),
    ]);
  });

  it('gives nothing when nothing was said, and begins where the last one ended', () => {
    const made = intervals();
    expect(made.take(TO)).toEqual([]);
    made.add(entry());
    expect(made.take('2026-01-01T00:00:10Z')[0]).toMatchObject({ from: TO });
  });

  it('is one batch per policy, and numbers its batches', () => {
    const made = intervals();
    made.add(entry());
    made.add(entry({}, { revision: 5, policyVersion: 2 }));
    expect(made.take(TO).map(({ id, revision }) => [id, revision])).toEqual([
      ['n1/b1/1', 4],
      ['n1/b1/2', 5],
    ]);
  });

  it('is split when it is too large for one message', () => {
    const made = intervals();
    for (let port = 1; port <= 2_500; port += 1) made.add(entry({ port }));
    const sizes = made.take(TO).map(({ reporters }) => reporters.flatMap(({ flows }) => flows).length);
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });
});
