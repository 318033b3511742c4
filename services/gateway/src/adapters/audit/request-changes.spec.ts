import { describe, expect, it } from 'vitest';
import type { RequestWords } from '../../domain/request-words.js';
import { refusedItems, resourceChanges } from './request-changes.js';

const words = (changeType: RequestWords['changeType'], type = 'workload'): RequestWords => ({
  ...{ eventType: `${type}.${changeType}`, type, changeType },
});
const asked = { path: '/orgs/1/workloads', op: 'create', body: {}, answer: undefined };

describe('what a request changed', () => {
  it('is of what it made all that it has, without its secrets', () => {
    const answer = {
      href: '/orgs/1/workloads/a',
      name: 'web',
      description: null,
      secret: 's3cret',
      deep: [{ token: 't' }],
    };
    const changes = resourceChanges(words('create'), { ...asked, answer });
    expect(changes).toEqual([
      {
        resource: { workload: { href: '/orgs/1/workloads/a', name: 'web' } },
        change_type: 'create',
        changes: {
          name: { before: null, after: 'web' },
          secret: { before: '(not shown)', after: '(not shown)' },
          deep: { before: null, after: [{ token: '(not shown)' }] },
        },
      },
    ]);
  });

  it('is what its owner saw before and after, where it looked', () => {
    const change = { resource: { href: '/x' }, changes: { name: { before: 'a', after: 'b' } } };
    expect(resourceChanges(words('update', 'label'), { ...asked, op: 'update', change })).toEqual([
      { resource: { label: change.resource }, change_type: 'update', changes: change.changes },
    ]);
  });

  it('is in bulk what its owner saw of each before and after, where it looked', () => {
    const changes = ['/x', '/y'].map((href) => ({
      resource: { href },
      changes: { n: { before: 1, after: 2 } },
    }));
    const told = resourceChanges(words('update'), {
      ...asked,
      op: 'bulk_update',
      body: [{}],
      answer: [],
      changes,
    });
    expect(told.map(({ resource, changes }) => [resource, changes])).toEqual([
      [{ workload: { href: '/x' } }, { n: { before: 1, after: 2 } }],
      [{ workload: { href: '/y' } }, { n: { before: 1, after: 2 } }],
    ]);
  });

  it('is in bulk each item that was not refused', () => {
    const bulk = { ...asked, op: 'bulk_create', body: [{ name: 'a' }, { name: 5 }, { name: 'c' }] };
    const refusal = { status: 'validation_failure', token: 'wrong', message: 'no' };
    const answer = [{ href: '/a', status: 'created' }, refusal, { href: '/c', status: 'created' }];
    const made = resourceChanges(words('create'), { ...bulk, answer });
    expect(made.map(({ resource }) => resource)).toEqual([
      { workload: { name: 'a', href: '/a' } },
      { workload: { name: 'c', href: '/c' } },
    ]);
    expect(refusedItems(answer)).toEqual([{ token: 'wrong', message: 'no' }]);
    const gone = resourceChanges(words('delete'), {
      ...{ ...asked, op: 'bulk_delete', body: [{ href: '/a' }, { href: '/b' }] },
      answer: [{ href: '/b', errors: [{ token: 'wrong', message: 'no' }] }],
    });
    expect(gone.map(({ resource }) => resource)).toEqual([{ workload: { href: '/a' } }]);
  });

  it('is otherwise what its body or its path names', () => {
    const unpaired = {
      ...asked,
      path: '/orgs/1/vens/unpair',
      op: 'unpair',
      body: { vens: [{ href: '/v' }] },
    };
    expect(resourceChanges(words('update', 'ven'), unpaired)).toMatchObject([
      { resource: { ven: { href: '/v' } } },
    ]);
    const key = { ...asked, path: '/orgs/1/pairing_profiles/3/pairing_key', op: 'pairing_key' };
    expect(resourceChanges(words('update', 'pairing_profile'), key)).toMatchObject([
      { resource: { pairing_profile: { href: '/orgs/1/pairing_profiles/3' } }, changes: {} },
    ]);
  });
});
