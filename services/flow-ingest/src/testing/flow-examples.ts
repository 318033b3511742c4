/** For the suite of flow stores: flows of many kinds, and the names that they are asked for and shown with. */
import { FlowQuery } from '@ringfence/contracts';
import type { DecoratedFlowBatch } from '@ringfence/contracts';
import type { Names } from '../read/names.projection.js';
import {
  aBatch,
  aFlow,
  apiEnd,
  CLUSTER,
  consumerReport,
  outsider,
  providerReport,
  webEnd,
} from './flow-batch.builder.js';

const GROUP = 'bbbbbbbb-0000-4000-8000-000000000001';

const range = (from: string, to: string | null = null, exclusion = false) => ({
  ...{ from, to, exclusion },
  description: '',
});
export const NAMES: Names = {
  labels: new Map([
    ['11', { key: 'role', value: 'web' }],
    ['12', { key: 'role', value: 'api' }],
    ['21', { key: 'app', value: 'shop' }],
    ['22', { key: 'app', value: 'bank' }],
  ]),
  clusters: new Map([[CLUSTER, 'lab']]),
  ipLists: new Map([
    [
      '5',
      {
        ...{ id: '5', name: 'office', description: '', fqdns: [] },
        ranges: [
          range('192.168.0.0/16'),
          range('192.168.9.0/24', null, true),
          range('2001:db8::1', '2001:db8::9'),
        ],
      },
    ],
  ]),
  labelGroups: new Map([
    [GROUP, { id: GROUP, name: 'tiers', description: '', key: 'role', labels: ['12'], subGroups: [] }],
  ]),
};

const EVERYTHING = {
  sources: { include: [[]], exclude: [] },
  destinations: { include: [[]], exclude: [] },
  services: { include: [], exclude: [] },
  max_results: 100,
};
export const aQuery = (query: object): FlowQuery => FlowQuery.parse({ ...EVERYTHING, ...query });

/** A web Pod that calls an API, as both nodes say it, and five flows that nobody else is part of. */
export function flowsOfManyKinds(): DecoratedFlowBatch[] {
  const bank = {
    ...webEnd,
    workload: 'aaaaaaaa-0000-4000-8000-000000000003',
    name: 'teller',
    labels: ['11', '22'],
  };
  const deny = '/orgs/1/sec_policy/active/enforcement_boundaries/4';
  const override = '/orgs/1/sec_policy/active/rule_sets/4/deny_rules/5';
  const others = aBatch({
    id: 'node-3/boot/1',
    from: '2026-11-20T11:00:00.000Z',
    to: '2026-11-20T11:00:05.000Z',
    ends: [
      outsider('192.168.1.1'),
      outsider('192.168.9.9'),
      outsider('2001:db8::5'),
      bank,
      apiEnd,
      outsider('224.0.0.1'),
    ],
    flows: [
      aFlow({
        src: 0,
        dst: 4,
        target: 4,
        targetPort: 1001,
        verdict: 'potentially_blocked',
        rule: override,
        ruleClass: 'override_deny',
      }),
      aFlow({
        src: 1,
        dst: 4,
        target: 4,
        targetPort: 1002,
        verdict: 'blocked',
        rule: deny,
        ruleClass: 'deny',
      }),
      aFlow({ src: 2, dst: 4, target: 4, targetPort: 1003, verdict: 'blocked', rule: null, ruleClass: null }),
      aFlow({ src: 3, dst: 4, target: 4, targetPort: 1004, rule: 'essential/dns', ruleClass: 'essential' }),
      aFlow({
        src: 3,
        dst: 5,
        target: 5,
        targetPort: 1005,
        proto: 17,
        direction: 'outbound',
        verdict: 'unknown',
        rule: null,
        ruleClass: null,
      }),
    ],
  });
  return [consumerReport({}, { connections: 3 }), providerReport({}, { connections: 2 }), others];
}
