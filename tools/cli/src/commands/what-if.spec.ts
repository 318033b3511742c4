import { stripVTControlCharacters } from 'node:util';
import type { WhatIfAnswer } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { flipTable, shownAnswer, whatIfText } from './what-if.js';

const flip = (dst: string, href: string, count: number): WhatIfAnswer['flips'][number] => ({
  src: { name: 'shop/web', workload: { href: '/orgs/1/workloads/1' } },
  dst: { name: dst, workload: { href } },
  service: { port: 80, proto: 6 },
  num_connections: count,
  last_detected: '2026-11-22T12:00:00.000Z',
  essential: false,
  before: 'potentially_blocked',
  after: 'blocked',
  reason: 'no rule allows it',
});

describe('what is said of stored flows', () => {
  const nothing = { count: 0, some: [] };
  const asked = (count: number) => ({
    answer: { flips: [], gained: nothing, lost: nothing, workloads_affected: 2, is_cut: false },
    edges: Array.from({ length: count }, (_, i) => flip(`shop/db-${i}`, '/orgs/1/workloads/2', 1)),
    since: '2026-11-15T12:00:00.000Z',
  });

  it('says of how many, since when, and that these are all', () => {
    expect(whatIfText(asked(3))).toBe(
      'Of 3 calls seen since 2026-11-15T12:00:00.000Z 0 would have another verdict; the rules of 2 workloads would change.\n',
    );
    expect(shownAnswer(asked(3)).flows).toEqual({
      ...{ since: '2026-11-15T12:00:00.000Z', calls: 3, is_cut: false },
    });
  });

  it('says for people and for programs when there are more than were judged', () => {
    expect(whatIfText(asked(5_000))).toContain('Only the 5000 busiest calls were judged');
    expect(shownAnswer(asked(5_000)).flows.is_cut).toBe(true);
  });
});

describe('connections that would flip', () => {
  it('are a line each, also where their Service had nobody behind it at first', () => {
    const service = flip('shop/db', '/orgs/1/kubernetes_workloads/7', 1);
    const table = flipTable([flip('shop/db', '/orgs/1/workloads/2', 8), service, flip('shop/x', '/w/3', 2)]);
    const lines = stripVTControlCharacters(table).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['shop/web', 'shop/db', '80/tcp', 'potentially_blocked', 'blocked', 'no rule allows it', '9'],
      ['shop/web', 'shop/x', '80/tcp', 'potentially_blocked', 'blocked', 'no rule allows it', '2'],
    ]);
  });
});
