import { stripVTControlCharacters } from 'node:util';
import type { WhatIfAnswer } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { flipTable, whatIfText } from './what-if.js';
import type { Asked } from './what-if.js';

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
  const asked = (judged: number, leftOut: Partial<Asked['flows']['left_out']> = {}): Asked => ({
    ...{ flips: [], gained: nothing, lost: nothing, workloads_affected: 2, is_cut: false, notes: [] },
    flows: {
      ...{
        start_date: '2026-11-15T12:00:00.000Z',
        end_date: '2026-11-22T12:00:00.000Z',
        stored: judged,
        judged,
      },
      ...{ changed: { flows: 2, num_connections: 9 }, by: [] },
      left_out: { essential: 0, gone: 0, beyond: 0, ...leftOut },
    },
  });

  it('says of how many, since when, and that these are all', () => {
    expect(whatIfText(asked(3))).toBe(
      'Of 3 flows seen since 2026-11-15T12:00:00.000Z 2 (9 connections) would have another verdict; the rules of 2 workloads would change.\n',
    );
  });

  it('says which were not judged, and why', () => {
    expect(whatIfText(asked(3, { gone: 4, beyond: 5 }))).toContain(
      'Not judged: 4 of workloads that are gone; 5 beyond what is judged at once',
    );
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
