import { EVENTS, PROVISIONABLE_TYPES } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { auditedAs } from './audit-words.js';

const drafted = (type: string, updateType: string) =>
  auditedAs({ type: 'PolicyObjectDrafted', data: { type, id: '1', updateType, object: null } });

describe('the audit trail', () => {
  it('names policy objects of every type by the API’s words', () => {
    expect(PROVISIONABLE_TYPES.map((type) => drafted(type, 'update'))).toEqual([
      'ip_list.update',
      'service.update',
      'label_group.update',
      'rule_set.update',
      'enforcement_boundary.update',
      'virtual_service.update',
      'firewall_settings.update',
    ]);
    expect(drafted('rule_sets', 'delete')).toBe('rule_set.delete');
  });

  it('tells of hosts that are lost to their peers, and found again, as the system’s doing', () => {
    const system = { kind: 'system', id: 'inventory' } as const;
    const changed = (data: object) => auditedAs({ type: 'WorkloadChanged', data, actor: system });
    expect([changed({ lost: true }), changed({})]).toEqual([
      'system_task.agent_offline_check',
      'lost_agent.found',
    ]);
    expect(auditedAs({ type: 'WorkloadChanged', data: { lost: true } })).toBe('workload.update');
  });

  it('does not tell of what happens by itself, and of nothing that it does not know', () => {
    const silent = Object.keys(EVENTS).filter(
      (type) => type !== 'PolicyObjectDrafted' && auditedAs({ type, data: {} }) === null,
    );
    expect(silent).toEqual([
      'NamespaceDiscovered',
      'NamespaceChanged',
      'NamespaceVanished',
      'KubernetesWorkloadDiscovered',
      'KubernetesWorkloadChanged',
      'KubernetesWorkloadVanished',
      'EntityLabelled',
      'EntityUnlabelled',
    ]);
    expect(auditedAs({ type: 'SomethingElse', data: {} })).toBeNull();
  });
});
