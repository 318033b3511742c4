import { describe, expect, it } from 'vitest';
import { POLICY, report } from '../testing/health-report.js';
import { ago, healthView } from './health-view.js';

describe('the health page', () => {
  it('is good when all is well, and names what runs', () => {
    expect(healthView(report())).toEqual({
      ...{ tone: 'good', headline: 'Everything is as it should be', problems: [], version: '1.2.3' },
      clusters: [{ name: 'lab', tone: 'good', status: 'in sync', policy: '12 in force', waitingFor: '' }],
      services: [
        { name: 'gateway', missing: [] },
        { name: 'inventory', missing: [] },
      ],
    });
  });

  it('tells what a service lacks, in its own words', () => {
    const lacks = ['flow-ingest: postgres: connecting', 'flow-ingest: nats: away'];
    expect(healthView(report({}, lacks))?.services[0]).toEqual({
      name: 'flow-ingest',
      missing: ['postgres: connecting', 'nats: away'],
    });
  });

  it('tells which policy is asked and which is in force, and who is behind', () => {
    const policy = { ...POLICY, in_force_version: 11, waiting_for: '1 node', nodes_behind: ['node-2'] };
    const notifications = [{ status: 'warning', token: 't', message: 'cluster lab: late' }];
    const parts = { status: 'warning', notifications } as const;
    expect(
      healthView(report({ ...parts, ringfence_clusters: [{ name: 'lab', status: 'out_of_sync', policy }] })),
    ).toMatchObject({
      ...{ tone: 'warning', headline: '1 thing needs attention' },
      problems: [{ tone: 'warning', message: 'cluster lab: late' }],
      clusters: [{ policy: '12 asked, 11 in force', waitingFor: '1 node (node-2)' }],
    });
  });

  it('shows no version of a cluster that was never there', () => {
    const ringfence_clusters = [{ name: 'new', status: 'never_connected', policy: POLICY }];
    expect(healthView(report({ ringfence_clusters }))?.clusters[0]).toMatchObject({
      tone: 'quiet',
      policy: '–',
    });
  });

  it('says how old an answer is', () => {
    expect([-5, 1_400, 59_000, 60_000, 3_700_000].map(ago)).toEqual([
      ...['0 s ago', '1 s ago', '59 s ago', '1 min ago', '1 h ago'],
    ]);
  });
});
