import { stripVTControlCharacters } from 'node:util';
import type { WhatIfAnswer } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { flipTable } from './what-if.js';

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
