/**
 * What every flow store promises: the answers of the explorer over flows that two nodes report. A store's own spec gives
 * the way to open an empty one.
 */
import type { Flow } from '@ringfence/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flowFilter } from '../domain/flow-filter.js';
import { foundFlows } from '../read/found-flows.js';
import { DIMENSIONS, SearchEnded } from '../store/port/flow-store.js';
import type { Dimension, FlowGroup, FlowStore, SearchBounds } from '../store/port/flow-store.js';
import {
  aBatch,
  API,
  apiEnd,
  consumerReport,
  providerReport,
  RULE,
  WEB,
  webEnd,
} from './flow-batch.builder.js';
import { aQuery, flowsOfManyKinds, NAMES } from './flow-examples.js';
import { flowKindPromises } from './flow-kinds.suite.js';
import { flowQueryPromises } from './flow-query.suite.js';

const TODAY = '2026-11-20';
const RETENTION_DAYS = 97;

export interface OpenFlowStore {
  readonly store: FlowStore;
  close(): Promise<void>;
}

/** Kept apart from what a store of agents' flows promises. */
const NOTHING_UPLOADED = { search: async () => [] };

const patient = (): SearchBounds => ({ signal: new AbortController().signal, withinMs: 60_000 });

/** `open` gives an empty store that keeps flows for so many days. */
export function flowStoreSuite(open: (retentionDays: number) => Promise<OpenFlowStore>): void {
  let opened: OpenFlowStore;
  let flows: FlowStore;
  const found = (query: object, bounds = patient()): Promise<Flow[]> =>
    foundFlows({ store: flows, uploads: NOTHING_UPLOADED, names: NAMES }, aQuery(query), bounds);
  const grouped = (by: readonly Dimension[], query: object = {}): Promise<FlowGroup[]> => {
    const known = { labelKey: () => undefined, groupLabels: () => [], ipRanges: () => [] };
    return flows.group(flowFilter(aQuery(query), known), by, patient());
  };

  beforeEach(async () => {
    opened = await open(RETENTION_DAYS);
    flows = opened.store;
    await flows.write(flowsOfManyKinds(), TODAY);
  });
  afterEach(() => opened.close());

  describe('what is stored', () => {
    it('is one row for the reports of both ends, each beside the other and never added up', async () => {
      const [flow, ...more] = await found({ services: { include: [{ port: 8080, proto: 6 }], exclude: [] } });
      expect(more).toEqual([]);
      expect(flow).toMatchObject({
        src: {
          ip: '10.244.1.5',
          workload: { href: `/orgs/1/kubernetes_workloads/${WEB}`, name: 'web', hostname: null },
        },
        dst: { ip: '10.244.2.7', service: { namespace: 'shop', name: 'api' } },
        num_connections: 3,
        policy_decision: 'allowed',
        flow_direction: 'inbound',
        policy_version: 3,
        rules: [{ href: RULE }],
        network: { name: 'lab container network' },
        reports: {
          outbound: { connections: 3, verdict: 'allowed' },
          inbound: { connections: 2, verdict: 'allowed' },
        },
      });
      expect(flow?.dst.workload?.labels).toEqual([
        { href: '/orgs/1/labels/12', key: 'role', value: 'api' },
        { href: '/orgs/1/labels/21', key: 'app', value: 'shop' },
      ]);
    });

    it('does not change when a batch comes again', async () => {
      const before = await found({});
      const again = await flows.write(
        [consumerReport({}, { connections: 3 }), providerReport({}, { connections: 2 })],
        TODAY,
      );
      expect(again).toMatchObject({ flows: 0, repeatedBatches: 2 });
      expect(await found({})).toEqual(before);
    });

    it('leaves out what is older than the retention and says so', async () => {
      const old = aBatch({ id: 'old', from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:05.000Z' });
      expect(await flows.write([old], TODAY)).toMatchObject({ flows: 0, tooOld: 1 });
    });

    it('is blocked as soon as one end blocks', async () => {
      const port = { targetPort: 9000, port: 9000 };
      await flows.write(
        [
          consumerReport({ id: 'b1' }, port),
          providerReport({ id: 'b2' }, { ...port, verdict: 'blocked', rule: null, ruleClass: null }),
        ],
        TODAY,
      );
      const [flow] = await found({ services: { include: [{ port: 9000 }], exclude: [] } });
      expect(flow).toMatchObject({
        policy_decision: 'blocked',
        reports: { outbound: { verdict: 'allowed' }, inbound: { verdict: 'blocked' } },
      });
    });

    it('comes together again when a provision falls between the two reports', async () => {
      const port = { targetPort: 9001, port: 9001 };
      await flows.write(
        [
          consumerReport({ id: 'c1', policyVersion: 3 }, port),
          providerReport({ id: 'c2', policyVersion: 4 }, port),
        ],
        TODAY,
      );
      const joined = await found({ services: { include: [{ port: 9001 }], exclude: [] } });
      expect(joined).toHaveLength(1);
      expect(joined[0]?.reports).toMatchObject({
        outbound: { connections: 1, policy_version: 3 },
        inbound: { connections: 1, policy_version: 4 },
      });
    });
  });

  describe('a connection', () => {
    const port = { targetPort: 9002, port: 9002 };
    const there = { services: { include: [{ port: 9002 }], exclude: [] } };
    const unruled = { verdict: 'potentially_blocked', rule: null, ruleClass: null } as const;

    it('is one flow when the rule that allows it comes between the reports of its ends', async () => {
      await flows.write(
        [
          consumerReport({ id: 'd1', policyVersion: 3 }, { ...port, ...unruled }),
          providerReport({ id: 'd2', policyVersion: 4 }, port),
        ],
        TODAY,
      );
      const [flow, ...more] = await found(there);
      expect(more).toEqual([]);
      expect(flow).toMatchObject({
        policy_decision: 'potentially_blocked',
        num_connections: 1,
        policy_version: 4,
        reports: {
          outbound: { verdict: 'potentially_blocked', policy_version: 3 },
          inbound: { verdict: 'allowed', policy_version: 4 },
        },
      });
      expect(await found({ ...there, policy_decisions: ['allowed'] })).toEqual([]);
      expect(await found({ ...there, policy_decisions: ['potentially_blocked'] })).toHaveLength(1);
    });

    it('is one flow when the mode of an end changes between the reports', async () => {
      const full = [webEnd, { ...apiEnd, mode: 'full' as const }];
      await flows.write(
        [consumerReport({ id: 'f1' }, port), providerReport({ id: 'f2', ends: full }, port)],
        TODAY,
      );
      expect((await found(there)).map((flow) => flow.num_connections)).toEqual([1]);
    });

    it('that was blocked is still found after a rule has allowed the next ones', async () => {
      await flows.write(
        [
          providerReport(
            { id: 'e1', policyVersion: 3 },
            { ...port, ...unruled, verdict: 'blocked', connections: 2 },
          ),
          consumerReport({ id: 'e2', policyVersion: 3 }, { ...port, connections: 2 }),
          providerReport({ id: 'e3', policyVersion: 4 }, { ...port, connections: 5 }),
          consumerReport({ id: 'e4', policyVersion: 4 }, { ...port, connections: 5 }),
        ],
        TODAY,
      );
      const outcomes = (await found(there)).map((flow) => [flow.policy_decision, flow.num_connections]);
      expect(outcomes.sort()).toEqual([
        ['allowed', 5],
        ['blocked', 2],
      ]);
    });
  });

  flowQueryPromises(found);
  flowKindPromises(() => flows, TODAY);

  describe('retention', () => {
    it('drops whole days, of which nothing is found or counted afterwards', async () => {
      expect(await flows.size()).toMatchObject({ days: 1, oldestDay: TODAY });
      expect(await flows.prune('2027-03-20')).toBe(1);
      expect([await found({}), await grouped(['day'])]).toEqual([[], []]);
      expect(await flows.size()).toMatchObject({ days: 0, oldestDay: null });
    });
  });

  describe('the keys of what was written', () => {
    it('give the same flows as a search, and nothing once they are pruned', async () => {
      const { keys } = await flows.write(
        [consumerReport({ id: 'k1' }, { targetPort: 9003, port: 9003 })],
        TODAY,
      );
      expect(keys).toHaveLength(1);
      const [flow, ...more] = await flows.byKeys([...keys, ...keys]);
      expect(more).toEqual([]);
      expect(flow).toMatchObject({ port: 9003, source: { workload: WEB }, outbound: [{ connections: 1 }] });
      await flows.prune('2027-03-20');
      expect(await flows.byKeys(keys)).toEqual([]);
    });
  });

  describe('flows in groups', () => {
    it('are counted by who calls whom, the greater of what two ends say, most first', async () => {
      const [first, ...rest] = await grouped(['source', 'destination']);
      expect(first).toMatchObject({ key: [WEB, API], connections: 3 });
      expect(rest.map(({ connections }) => connections)).toEqual([1, 1, 1, 1, 1]);
      expect(rest.map(({ key }) => key[0])).toContain('192.168.1.1');
    });

    it.each(DIMENSIONS)('by %s have as many connections as the flows together', async (dimension) => {
      const groups = await grouped([dimension]);
      expect(new Set(groups.map(({ key }) => key[0])).size).toBe(groups.length);
      expect(groups.reduce((sum, { connections }) => sum + connections, 0)).toBe(8);
    });

    it('are those that the filter means, and no more than it asks for', async () => {
      expect(
        (await grouped(['port'], { services: { include: [{ proto: 17 }], exclude: [] } })).map(
          ({ key }) => key,
        ),
      ).toEqual([['1005']]);
      expect(await grouped(['port'], { max_results: 2 })).toHaveLength(2);
    });
  });

  describe('a search that nobody waits for any more', () => {
    it('ends as cancelled, before it began or while it runs', async () => {
      const before = AbortSignal.abort();
      const during = new AbortController();
      const searches = [before, during.signal].map((signal) => found({}, { signal, withinMs: 60_000 }));
      during.abort();
      for (const each of await Promise.allSettled(searches))
        expect(each).toMatchObject({ status: 'rejected', reason: expect.any(SearchEnded) });
      expect(await found({})).toHaveLength(6);
    });
  });
}
