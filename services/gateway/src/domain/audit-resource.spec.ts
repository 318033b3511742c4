import type { Envelope } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { creatorOf, resourceOf } from './audit-resource.js';

describe('what an event of an agent, a cluster or the system is about', () => {
  it('is named as people know it, with its href, and without what is only in the event', () => {
    const node = { id: 'w', managed: true, name: 'node-1', hostname: 'node-1', addresses: ['10.0.0.1'] };
    expect(resourceOf('agent.activate', { data: node })).toEqual({
      workload: { href: '/orgs/1/workloads/w', name: 'node-1', hostname: 'node-1' },
    });
    const profile = { id: 'p', cluster: 'c', namespace: 'shop', name: 'shop' };
    expect(resourceOf('container_workload_profile.create', { data: profile })).toEqual({
      container_workload_profile: {
        href: '/orgs/1/container_clusters/c/container_workload_profiles/p',
        name: 'shop',
      },
    });
    const drafted = { type: 'ip_lists', id: '4', updateType: 'create', object: { id: '4', name: 'any' } };
    expect(resourceOf('ip_list.create', { data: drafted })).toEqual({
      ip_list: { href: '/orgs/1/sec_policy/draft/ip_lists/4', name: 'any' },
    });
  });

  it('is done by whom the server knows, by name and href', () => {
    const cluster = { kind: 'container_cluster', id: 'c' } as const;
    const by = (actor: Envelope['actor'], data: object = {}) => creatorOf({ actor, data }, 'prod');
    expect(by({ kind: 'agent', id: 'node-1' })).toEqual({ agent: { hostname: 'node-1' } });
    expect(by({ kind: 'agent', id: 'node-1' }, { agent: '7' })).toEqual({
      agent: { href: '/orgs/1/agents/7', hostname: 'node-1' },
    });
    const href = '/orgs/1/container_clusters/c';
    expect(by(cluster)).toEqual({ container_cluster: { href, name: 'prod' } });
    expect(creatorOf({ actor: cluster, data: {} }, null)).toEqual({ container_cluster: { href } });
    expect(by({ kind: 'system', id: 'inventory' })).toEqual({ system: {} });
  });
});
