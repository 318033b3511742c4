import { CallError } from '@ringfence/bus';
import type { ResourceRequest } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { etagOf } from './etag.js';
import { changeBetween, changesWithin, tellingChanges } from './object-changes.js';
import type { Operation } from './resource.js';

describe('what a call did to an object', () => {
  it('is told field by field, without what follows from it, and by the names that it had', () => {
    const before = { href: '/a', name: 'old', labels: [{ href: '/l/1' }], updated_at: 1, same: { x: 1 } };
    const after = { href: '/a', name: 'new', labels: [], updated_at: 2, same: { x: 1 }, added: true };
    expect(changeBetween(before, after)).toEqual({
      resource: { href: '/a', name: 'old' },
      changes: {
        name: { before: 'old', after: 'new' },
        labels: { before: [{ href: '/l/1' }], after: [] },
        added: { before: null, after: true },
      },
    });
  });

  it('is of many as much as there is room for, and of the rest which they were', () => {
    const changes = ['a', 'b', 'c'].map((href) => ({
      resource: { href },
      changes: { n: { before: 1, after: 2 } },
    }));
    const room = JSON.stringify(changes.slice(0, 2)).length;
    expect(changesWithin(changes, room)).toEqual([
      changes[0],
      changes[1],
      { resource: { href: 'c' }, changes: {} },
    ]);
  });

  it('is cut where a value is long, and shows no secret at any depth', () => {
    const ranges = Array.from({ length: 100_000 }, (_, n) => ({ from_ip: `10.0.0.${n}` }));
    const { changes } = changeBetween(null, { ranges, api: { session_token: 'x' }, password: 'y' });
    expect(JSON.stringify(changes).length).toBeLessThan(2_000);
    expect(changes['ranges']).toMatchObject({
      before: null,
      after: expect.stringContaining('characters)') as unknown,
    });
    expect(changes['api']).toEqual({ before: null, after: { session_token: '(not shown)' } });
    expect(changes['password']?.after).toBe('(not shown)');
  });
});

describe('an owner that tells what its changes did', () => {
  const request: ResourceRequest = {
    ...{
      org: 1,
      actor: { kind: 'user', id: '1' },
      collection: 'labels',
      op: 'update',
      ids: ['1'],
      query: {},
    },
    body: {},
  };
  const numbered = (): Operation => {
    let n = 0;
    return async ({ op, body }) => {
      if (op === 'get') return { body: { href: '/labels/1', n } };
      const { to } = body as { to: number };
      await new Promise((resolve) => setImmediate(resolve));
      n = to;
      return {};
    };
  };

  it('looks before and after, and gives to nobody what another did at the same time', async () => {
    const answer = tellingChanges(numbered());
    const told = await Promise.all([1, 2, 3].map((to) => answer({ ...request, body: { to } })));
    expect(told.map(({ change }) => change?.changes['n'])).toEqual([
      { before: 0, after: 1 },
      { before: 1, after: 2 },
      { before: 2, after: 3 },
    ]);
  });

  it('changes nothing for who names what he has read, when another has changed it since', async () => {
    const answer = tellingChanges(numbered());
    const ifMatch = etagOf((await answer({ ...request, op: 'get' })).body);
    const writing = (to: number) => answer({ ...request, ifMatch, body: { to } });
    expect(await Promise.allSettled([writing(1), writing(2)])).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { errors: [{ token: 'precondition_failed' }] } },
    ]);
    expect((await answer({ ...request, op: 'get' })).body).toMatchObject({ n: 1 });
  });

  it('refuses as before what is not there, and looks at nothing that only reads', async () => {
    const gone = CallError.of('NOT_FOUND', 'not_found_error', 'there is no such label');
    const asked: string[] = [];
    const answer = tellingChanges(async ({ op }) => {
      asked.push(op);
      throw gone;
    });
    await expect(answer(request)).rejects.toBe(gone);
    await expect(answer({ ...request, op: 'list' })).rejects.toBe(gone);
    expect(asked).toEqual(['get', 'update', 'list']);
  });
});
