/** The part of the suite of flow stores about what a query of the explorer means, by example. */
import type { Flow } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { API } from './flow-batch.builder.js';

const ports = (list: readonly Flow[]): number[] =>
  list.map((flow) => flow.service.port).sort((a, b) => a - b);

/** `found` asks the store that holds `flowsOfManyKinds`. */
export function flowQueryPromises(found: (query: object) => Promise<Flow[]>): void {
  describe('a query finds flows', () => {
    const href = (path: string): object => ({ href: `/orgs/1/${path}` });
    const source = (...items: object[]): object => ({ sources: { include: [items], exclude: [] } });
    const withoutSource = (...items: object[]): object => ({ sources: { include: [[]], exclude: items } });
    const destination = (...items: object[]): object => ({ destinations: { include: [items], exclude: [] } });

    it.each<[string, object, number[]]>([
      ['of anyone', {}, [1001, 1002, 1003, 1004, 1005, 8080]],
      ['by label', source({ label: href('labels/21') }), [8080]],
      [
        'by labels of one type, either',
        source({ label: href('labels/21') }, { label: href('labels/22') }),
        [1004, 1005, 8080],
      ],
      [
        'by labels of two types, both',
        source({ label: href('labels/11') }, { label: href('labels/22') }),
        [1004, 1005],
      ],
      ['by label of nobody', source({ label: href('labels/99') }), []],
      [
        'by label group',
        destination({
          label_group: href('sec_policy/active/label_groups/bbbbbbbb-0000-4000-8000-000000000001'),
        }),
        [1001, 1002, 1003, 1004, 8080],
      ],
      [
        'by label group that does not exist',
        destination({
          label_group: href('sec_policy/active/label_groups/bbbbbbbb-0000-4000-8000-00000000000f'),
        }),
        [],
      ],
      ['without a label', withoutSource({ label: href('labels/22') }), [1001, 1002, 1003, 8080]],
      [
        'by workload',
        destination({ workload: href(`kubernetes_workloads/${API}`) }),
        [1001, 1002, 1003, 1004, 8080],
      ],
      ['of all workloads', source({ actors: 'ams' }), [1004, 1005, 8080]],
      [
        'by IP list without its exclusions',
        source({ ip_list: href('sec_policy/active/ip_lists/5') }),
        [1001, 1003],
      ],
      ['by IP list of nothing', source({ ip_list: href('sec_policy/active/ip_lists/77') }), []],
      ['by address of an outsider', source({ ip_address: '192.168.9.9' }), [1002]],
      ['by address as an object', source({ ip_address: { value: '192.168.9.9' } }), [1002]],
      ['by address of a Service', destination({ ip_address: '10.96.0.10' }), [8080]],
      ['by network', source({ ip_address: '192.168.0.0/16' }), [1001, 1002]],
      [
        'by transmission',
        { destinations: { include: [[]], exclude: [{ transmission: 'multicast' }] } },
        [1001, 1002, 1003, 1004, 8080],
      ],
      ['by domain name, of which none is known', destination({ fqdn: '*.example.org' }), []],
      [
        'of either end',
        {
          ...source({ ip_address: '192.168.9.9' }),
          destinations: { include: [[{ ip_address: '224.0.0.1' }]], exclude: [] },
          sources_destinations_query_op: 'or',
        },
        [1002, 1005],
      ],
      [
        'of alternatives',
        {
          sources: {
            include: [[{ label: href('labels/21') }], [{ ip_address: '192.168.1.1' }]],
            exclude: [],
          },
        },
        [1001, 8080],
      ],
      ['by port', { services: { include: [{ port: 1002 }], exclude: [] } }, [1002]],
      [
        'by the port of the Service',
        { services: { include: [{ port: 80, proto: 6 }], exclude: [] } },
        [8080],
      ],
      [
        'by range of ports',
        { services: { include: [{ port: 1002, to_port: 1004, proto: 6 }], exclude: [] } },
        [1002, 1003, 1004],
      ],
      ['by protocol', { services: { include: [{ proto: 17 }], exclude: [] } }, [1005]],
      ['without ports', { services: { include: [], exclude: [{ port: 1001, to_port: 1005 }] } }, [8080]],
      ['by verdict', { policy_decisions: ['blocked', 'potentially_blocked'] }, [1001, 1002, 1003]],
      ['of unknown verdict', { policy_decisions: ['unknown'] }, [1005]],
      ['stopped by a deny rule', { boundary_decisions: ['blocked'] }, [1002]],
      ['that override deny would stop', { boundary_decisions: ['blocked_by_override_deny'] }, [1001]],
      ['since a time', { start_date: '2026-11-20T10:30:00Z' }, [1001, 1002, 1003, 1004, 1005]],
      ['until a time', { end_date: '2026-11-20T10:30:00Z' }, [8080]],
      ['of other sources of data', { data_sources: { include: ['flowlink'] } }, []],
      ['none', { max_results: 0 }, []],
    ])('%s', async (_, query, expected) => {
      expect(ports(await found(query))).toEqual(expected);
    });

    it('no more than were asked for, the newest', async () => {
      expect(ports(await found({ max_results: 5 }))).toEqual([1001, 1002, 1003, 1004, 1005]);
    });

    it('and says which rule decided, by its kind', async () => {
      const list = await found({});
      const at = (port: number): Flow | undefined => list.find((flow) => flow.service.port === port);
      expect(at(1002)).toMatchObject({
        boundary_decision: 'blocked',
        enforcement_boundaries: [{ href: '/orgs/1/sec_policy/active/enforcement_boundaries/4' }],
        rules: [],
      });
      // In a mode that drops nothing a deny rule took part all the same.
      expect(at(1001)).toMatchObject({
        policy_decision: 'potentially_blocked',
        boundary_decision: 'blocked_by_override_deny',
        override_deny_rules: [{ href: '/orgs/1/sec_policy/active/rule_sets/4/deny_rules/5' }],
      });
      expect(at(1004)).toMatchObject({ rules: [{ essential_service_rule: 'dns' }] });
      expect(at(1001)?.src).toMatchObject({ ip: '192.168.1.1', ip_lists: [{ name: 'office' }] });
      expect(at(1005)).toMatchObject({ transmission: 'multicast', flow_direction: 'outbound' });
    });
  });
}
