import type { Grant, ResourceRequest } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { resourceAnswerer } from './resource.js';
import { capsFor } from './scopes.js';

const GRANTS: Grant[] = [{ role: 'workload_manager', scope: [] }];
const request = (over: Partial<ResourceRequest> = {}): ResourceRequest => ({
  ...{ org: 1, actor: { kind: 'user', id: '1' }, collection: 'labels', op: 'get', ids: ['1'] },
  ...{ query: {}, body: null },
  ...over,
});

describe('what a reader may do with what is shown', () => {
  it('is all of it, unless it is said', () => {
    expect(capsFor({}, ['write', 'delete'])).toEqual(['write', 'delete']);
  });

  it('is what he may everywhere, or where it lies', () => {
    const caps = { write: GRANTS, delete: null };
    expect(capsFor({ caps }, ['write', 'delete', 'provision'], () => true)).toEqual(['write', 'delete']);
    expect(capsFor({ caps }, ['write', 'delete', 'provision'], () => false)).toEqual(['delete']);
    expect(capsFor({ caps: {} }, ['write'], () => true)).toEqual([]);
  });
});

describe('an owner', () => {
  const item = { href: '/labels/1', caps: ['write', 'delete'], name: 'x' };
  const operations = { labels: { get: async () => ({ body: item }), list: async () => ({ body: [item] }) } };

  it('has nothing for roles that hold within labels where it tells nothing apart by them', async () => {
    const answer = resourceAnswerer(operations);
    const judging = resourceAnswerer(operations, ({ op }) => op === 'list');
    await expect(answer(request({ within: GRANTS }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(answer(request({ within: [] }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(judging(request({ within: GRANTS }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(judging(request({ op: 'list', within: GRANTS }))).resolves.toEqual({ body: [item] });
  });

  it('shows to nobody that he may what he may nowhere', async () => {
    const answer = resourceAnswerer(operations);
    const caps = { write: null };
    expect(await answer(request())).toEqual({ body: item });
    expect(await answer(request({ caps }))).toEqual({ body: { ...item, caps: ['write'] } });
    expect(await answer(request({ op: 'list', caps: {} }))).toEqual({ body: [{ ...item, caps: [] }] });
  });
});
