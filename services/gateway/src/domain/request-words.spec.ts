import { describe, expect, it } from 'vitest';
import { ROUTES } from '../routes/routes.js';
import { wordsOfRequest } from './request-words.js';

const eventTypes = ROUTES.flatMap((route) => wordsOfRequest(route)?.eventType ?? []);

describe('a request in the audit trail', () => {
  it('is named by what it is about and what is done, whatever the route', () => {
    expect(eventTypes).toEqual(
      expect.arrayContaining([
        ...[
          'label.create',
          'label_dimension.update',
          'label_group.delete',
          'ip_list.create',
          'service.update',
        ],
        ...['rule_set.create', 'sec_rule.update', 'deny_rule.delete', 'virtual_service.create'],
        ...['enforcement_boundary.update', 'firewall_settings.update', 'api_key.create', 'job.delete'],
        ...['workload.create', 'workloads.bulk_create', 'workloads.bulk_update', 'workloads.bulk_delete'],
        ...['pairing_profile.create_pairing_key', 'pairing_profile.delete_all_pairing_keys'],
        ...['container_cluster.create', 'container_workload_profile.update', 'workload_settings.update'],
        ...['sec_policy.create', 'sec_policy.restore', 'sec_policy_pending.delete', 'event_settings.update'],
      ]),
    );
    expect(eventTypes.filter((eventType) => !/^[a-z_]+\.[a-z_]+$/.test(eventType))).toEqual([]);
  });

  it('is none where it only asks, or where a cluster speaks for itself', () => {
    const silent = ROUTES.filter((route) => route.method !== 'GET' && wordsOfRequest(route) === null);
    expect(silent.filter(({ needs }) => needs === 'write')).toEqual([]);
    expect(silent.map(({ op }) => op)).toEqual(
      expect.arrayContaining(['explain', 'impact', 'exchange', 'pair']),
    );
  });

  it('creates, changes or deletes, also in bulk', () => {
    const changeOf = (collection: string, op: string): unknown =>
      wordsOfRequest(ROUTES.find((route) => route.collection === collection && route.op === op)!)?.changeType;
    expect([
      changeOf('workloads', 'bulk_create'),
      changeOf('workloads', 'bulk_delete'),
      changeOf('pairing_profiles', 'pairing_key'),
      changeOf('sec_policy', 'provision'),
      changeOf('sec_policy', 'revert'),
    ]).toEqual(['create', 'delete', 'update', 'create', 'delete']);
  });
});
