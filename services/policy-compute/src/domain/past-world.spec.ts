import type { ExplainResponse } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { entity } from '../testing/fact-builders.js';
import { withAlarms } from './past-world.js';
import type { Alarm } from './past-world.js';

const SINCE = '2026-11-20T10:00:00.000Z';
const web = entity('web');
const node = entity('n1', { class: 'node', namespace: null, node: 'node-1' });
const entities = new Map([web, node].map((one) => [one.id, one]));
const end = (workload: string): NonNullable<ExplainResponse['egress']> => ({
  ...{ name: workload, workload, labels: [], origins: [], refused: [], mode: 'full', verdict: 'allowed' },
  ...{ ruleClass: null, rule: null, reason: '', sees: null, inForce: null },
});
const answer: ExplainResponse = {
  ...{ verdict: 'allowed', policyVersion: 1, summary: '', at: SINCE, basis: 'control_plane', nearest: [] },
  ...{ notes: ['as it was'], egress: end('web'), ingress: end('n1') },
};
const alarm = (scope: Alarm['scope'], id: string, token: string, cluster = 'c1'): Alarm => ({
  ...{ cluster, scope, id, name: id, namespace: null, since: SINCE, count: 1, places: [] },
  reasons: [{ token, message: `because of ${token}` }],
});
const told = (...alarms: Alarm[]) => {
  const { egress, ingress, notes } = withAlarms(answer, entities, alarms);
  return { states: [egress?.inForce?.state, ingress?.inForce?.state], notes };
};

describe('alarms of a moment', () => {
  it('say of the end that they are about that it was not in force, and since when', () => {
    const { egress, ingress } = withAlarms(answer, entities, [alarm('workload', 'web', 'not_in_kernel')]);
    expect(egress?.inForce).toEqual({
      ...{ state: 'no', node: null, mode: null, since: SINCE, message: 'because of not_in_kernel' },
    });
    expect(ingress?.inForce).toBe(null);
  });

  it('of a node are about that node, and are named beside Pods, of which nobody knows where they were', () => {
    const { states, notes } = told(alarm('node', 'node-1', 'not_acknowledged'));
    expect(states).toEqual([undefined, 'no']);
    expect(notes).toContain('then not in force on node-1 (because of not_acknowledged)');
  });

  it('of silence leave it unknown, of a whole cluster at all its ends, and of another cluster at none', () => {
    expect(told(alarm('cluster', 'c1', 'clas_cache_silent')).states).toEqual(['unknown', 'unknown']);
    expect(told(alarm('node', 'node-1', 'node_silent')).states).toEqual([undefined, 'unknown']);
    expect(told(alarm('cluster', 'c2', 'clas_cache_silent', 'c2')).states).toEqual([undefined, undefined]);
  });

  it('that nobody could tell are missing in the notes, not in silence', () => {
    expect(withAlarms(answer, entities, null).notes).toEqual([
      'as it was',
      'inventory could not be asked for alarms of that time',
    ]);
    expect(told().notes.at(-1)).toMatch(/is not kept/);
  });

  it('name a few nodes of many', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => alarm('node', `n-${i}`, 'node_silent'));
    expect(told(...nodes).notes[1]).toMatch(/n-4 \(because of node_silent\) and 3 more$/);
  });
});
