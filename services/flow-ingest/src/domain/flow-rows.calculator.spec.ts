import { describe, expect, it } from 'vitest';
import {
  aBatch,
  aFlow,
  anEnd,
  apiEnd,
  consumerReport,
  providerReport,
  webEnd,
} from '../testing/flow-batch.builder.js';
import { foldFlows, VERDICT_RANK } from './flow-rows.calculator.js';

describe('folding reports into flow rows', () => {
  it('joins the report of the consumer through a Service with that of the provider', () => {
    const { rows, ends } = foldFlows([
      consumerReport({}, { connections: 3 }),
      providerReport({}, { connections: 2 }),
    ]);
    expect(rows).toHaveLength(1);
    expect(ends.size).toBe(2);
    expect(rows[0]).toMatchObject({
      port: 8080,
      vip: '10.96.0.10',
      vipPort: 80,
      vipService: 'shop/api',
      outbound: { connections: 3 },
      inbound: { connections: 2 },
    });
  });

  it('is the same row whichever report comes first', () => {
    const [a, b] = [consumerReport(), providerReport()];
    expect(foldFlows([a, b]).rows).toEqual(foldFlows([b, a]).rows);
  });

  it('adds up the counts of one side over time and keeps its newest verdict', () => {
    const later = { id: 'x', from: '2026-11-20T10:00:05.000Z', to: '2026-11-20T10:00:10.000Z' };
    const batches = [
      providerReport(),
      providerReport(later, { verdict: 'blocked', rule: null, ruleClass: null, connections: 4 }),
    ];
    const expected = { connections: 5, bytesIn: 2_000, verdict: VERDICT_RANK.blocked, rule: null };
    expect(foldFlows(batches).rows[0]?.inbound).toMatchObject(expected);
    expect(foldFlows(batches.reverse()).rows[0]?.inbound).toMatchObject(expected);
  });

  it('keeps the worse verdict of two Pods of one workload in one interval', () => {
    const flows = [aFlow({ verdict: 'blocked', rule: null }), aFlow({ verdict: 'allowed' })];
    const inbound = { verdict: VERDICT_RANK.blocked };
    expect(foldFlows([aBatch({ flows })]).rows[0]).toMatchObject({ inbound });
    expect(foldFlows([aBatch({ flows: flows.reverse() })]).rows[0]).toMatchObject({ inbound });
  });

  it('begins a new row when an end is labelled anew, so that the old row keeps its labels', () => {
    const relabelled = aBatch({ id: 'x', ends: [webEnd, { ...apiEnd, labels: ['13', '21'] }] });
    expect(foldFlows([aBatch(), relabelled]).rows).toHaveLength(2);
  });

  it('takes labels in any order for the same end, and a workload for the same whatever its address', () => {
    const moved = aBatch({ id: 'x', ends: [anEnd({ address: '10.244.9.9', labels: ['21', '11'] }), apiEnd] });
    expect(foldFlows([aBatch(), moved]).rows).toHaveLength(1);
  });

  it('counts a flow whose ends are not in the dictionary and goes on', () => {
    const folded = foldFlows([aBatch({ flows: [aFlow({ target: 9 }), aFlow()] })]);
    expect(folded).toMatchObject({ malformed: 1 });
    expect(folded.rows).toHaveLength(1);
  });
});
