import type { FlowKind } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { entity } from '../../testing/fact-builders.js';
import { factsOf, objectsWith } from '../../testing/labelled-world.js';
import { rule, ruleSet } from '../../testing/policy-builders.js';
import { PolicyPreview } from '../policy-preview.js';
import { endsAlike, judgedKinds } from './stored-flows.js';
import { keptFlips } from './what-if.js';

const entities = [
  ...['web-1', 'web-2'].map((id) => entity(id, { labels: ['1', '11'] })),
  entity('api', { labels: ['2', '11'] }),
  entity('other', { labels: ['3', '12'] }),
];
const known = new Map(entities.map((one) => [one.id, one]));
const opened = rule('1', {
  consumers: [{ kind: 'label', id: '1', exclusion: false }],
  providers: [{ kind: 'label', id: '2', exclusion: false }],
  services: [{ kind: 'ports', ports: { proto: 6, from: 80 } }],
});
const flips = keptFlips({
  preview: new PolicyPreview(factsOf(entities)),
  before: objectsWith(),
  after: objectsWith(ruleSet('5', { rules: [opened] })),
  modeOf: () => undefined,
});
const seen = ['web-1', 'web-2', 'api', 'other', 'gone', '192.0.2.1', '203.0.113.1'];
const alike = endsAlike(
  seen.map((name, number) => ({ number, name, is: number < 5 ? 'workload' : 'address' })),
  known,
  flips,
);
const kind = (ends: [number, number] | null, more: Partial<FlowKind> = {}): FlowKind => ({
  ...{
    ends: ends && { src: ends[0], dst: ends[1] },
    proto: 6,
    port: 80,
    verdict: 'blocked',
    essential: false,
    flows: 3,
    connections: 7,
  },
  lastAt: '2026-11-22T12:00:00.000Z',
  ...more,
});
const judged = (...kinds: FlowKind[]) => judgedKinds({ kinds, stored: 100, beyond: 0 }, alike, flips);

describe('stored flows', () => {
  it('are of one kind where the labels of their ends are the same, and addresses where no list tells them apart', () => {
    const kinds = new Map(alike.kinds.map(({ number, kind }) => [number, kind]));
    expect(kinds.get(0)).toBe(kinds.get(1));
    expect(kinds.get(5)).toBe(kinds.get(6));
    expect(new Set([0, 2, 3, 4, 5].map((number) => kinds.get(number))).size).toBe(5);
  });

  it('are asked for only from or to whose rules are others', () => {
    expect(alike.concerned).toEqual([0, 1, 2]);
  });

  it('change in the number that was stored of them', () => {
    expect(judged(kind([0, 2]), kind([0, 2], { port: 81 })).flips).toMatchObject([
      { before: 'blocked', after: 'allowed', kind: { flows: 3, connections: 7 }, from: { token: 'web-1' } },
    ]);
  });

  it('are left out, and counted, where nobody can say what becomes of them', () => {
    expect(judged(kind([0, 4]), kind(null), kind([0, 99]), kind([0, 2], { essential: true }))).toEqual({
      flips: [],
      leftOut: { gone: 3, beyond: 6, essential: 3 },
    });
    expect(judgedKinds({ kinds: [], stored: 9, beyond: 5 }, alike, flips).leftOut.beyond).toBe(5);
  });
});
