import { describe, expect, it } from 'vitest';
import { routeMatcher } from './route-match.js';
import { ROUTES } from '../routes/routes.js';

const match = routeMatcher(ROUTES);

const UUID = 'aaaaaaaa-0000-4000-8000-000000000001';
const CLUSTER = 'cccccccc-0000-4000-8000-000000000001';
const PROFILES = `/orgs/1/container_clusters/${CLUSTER}/container_workload_profiles`;

describe('which route a path means', () => {
  it.each([
    ['GET', '/orgs/1/labels', 'labels list', []],
    ['GET', '/orgs/1/labels/7', 'labels get', ['7']],
    ['PUT', '/orgs/1/workloads/bulk_create', 'workloads bulk_create', []],
    ['PUT', '/orgs/1/labels/bulk_create', 'labels bulk_create', []],
    ['PUT', `/orgs/1/workloads/${UUID}`, 'workloads update', [UUID]],
    ['GET', `/orgs/1/workloads/${UUID}/interfaces/eth0.1`, 'workloads/interfaces get', [UUID, 'eth0.1']],
    [
      'GET',
      `/orgs/1/workloads/${UUID}/interfaces/Local%20Area%20%C3%A9%2F2`,
      'workloads/interfaces get',
      [UUID, 'Local Area é/2'],
    ],
    ['GET', '/orgs/1/sec_policy/pending', 'sec_policy pending', []],
    ['GET', '/orgs/1/sec_policy/7', 'sec_policy get', ['7']],
    ['GET', '/orgs/1/sec_policy/7/modified_objects', 'sec_policy modified_objects', []],
    ['GET', '/orgs/1/sec_policy/draft/rule_sets/3/sec_rules/4', 'rule_sets/sec_rules get', ['3', '4']],
    [
      'PUT',
      `${PROFILES}/bulk_create`,
      'container_clusters/container_workload_profiles bulk_create',
      [CLUSTER],
    ],
    ['PUT', `${PROFILES}/update`, 'container_clusters/container_workload_profiles bulk_update', [CLUSTER]],
    ['PUT', `${PROFILES}/${UUID}`, 'container_clusters/container_workload_profiles update', [CLUSTER, UUID]],
    ['GET', '/users/login', 'users login', []],
  ])('%s %s', (method, path, meant, ids) => {
    const found = match(method, path);
    expect(found).toMatchObject({ kind: 'route', ids });
    if (found.kind === 'route') expect(`${found.route.collection} ${found.route.op}`).toBe(meant);
  });

  it('tells a version from other words', () => {
    expect(match('GET', '/orgs/1/sec_policy/active/services')).toMatchObject({
      kind: 'route',
      pversion: 'active',
    });
    for (const word of ['0', '07', 'newest', '-1', '1e3']) {
      expect(match('GET', `/orgs/1/sec_policy/${word}/services`)).toEqual({ kind: 'unknown' });
    }
  });

  it('tells a known path with another method from an unknown path', () => {
    expect(match('DELETE', '/orgs/1/sec_policy')).toEqual({ kind: 'wrong-method', allowed: ['GET', 'POST'] });
    expect(match('GET', '/orgs/1')).toEqual({ kind: 'unknown' });
    expect(match('GET', '')).toEqual({ kind: 'unknown' });
  });

  it('takes no word for an id that has not the form of an id of its collection', () => {
    for (const path of [
      ...['workloads/unpaired', 'workloads/7', 'vens/statistic', 'labels/all', `labels/${UUID}`, 'labels/07'],
      ...['sec_policy/draft/ip_lists/upload', 'sec_policy/draft/label_groups/3', 'jobs/latest'],
      ...['container_clusters/all/container_workload_profiles', `pairing_profiles/default/pairing_key`],
    ])
      for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
        expect(match(method, `/orgs/1/${path}`)).toEqual({ kind: 'unknown' });
  });

  it('lets no path through that is no id', () => {
    for (const id of ['..', '%2e%2e', 'a%2fb', ' ', '%00', "1'--", 'a'.repeat(300), '%zz']) {
      expect(match('GET', `/orgs/1/labels/${id}`)).toEqual({ kind: 'unknown' });
    }
    for (const name of ['', '%00', '%0a', 'a'.repeat(256)])
      expect(match('GET', `/orgs/1/workloads/${UUID}/interfaces/${name}`)).toEqual({ kind: 'unknown' });
  });
});
