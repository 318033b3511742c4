import {
  RuleSetCreate,
  IpListCreate,
  ServiceCreate,
  LabelGroupCreate,
  EnforcementBoundaryCreate,
} from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { parsePolicyFile } from './policy-documents.js';
import { NameBook } from './policy-known.js';
import { policyTranslation } from './policy-translation.js';
import type { KnownNames } from './policy-translation.js';

const DRAFT = '/orgs/1/sec_policy/draft';
const known: KnownNames = {
  labels: new Map([
    ['app=shop', '/orgs/1/labels/1'],
    ['env=prod', '/orgs/1/labels/2'],
    ['role=web', '/orgs/1/labels/3'],
    ['role=api', '/orgs/1/labels/4'],
  ]),
  labelGroups: new NameBook([['tiers', `${DRAFT}/label_groups/aaaaaaaa-0000-4000-8000-000000000001`]]),
  ipLists: new NameBook([['office', `${DRAFT}/ip_lists/7`]]),
  virtualServices: new NameBook([['db', `${DRAFT}/virtual_services/cccccccc-0000-4000-8000-000000000001`]]),
  services: new NameBook([
    ['All Services', `${DRAFT}/services/1`],
    ['web', `${DRAFT}/services/8`],
  ]),
  workloads: new NameBook([['shop/db', '/orgs/1/kubernetes_workloads/bbbbbbbb-0000-4000-8000-000000000001']]),
};
const FILE = `
label_groups: [{ name: tiers, key: role, labels: [web, api] }]
ip_lists: [{ name: office, ranges: [10.0.0.0/8, '!10.9.0.0/16', 192.168.0.1-192.168.0.9, 2001:db8::/32] }]
services: [{ name: web, ports: [8080/tcp, 9000-9010/udp, icmp] }]
rule_sets:
  - name: shop
    scopes: [{ app: shop, env: prod }]
    rules:
      - { from: { role: web }, to: { role: api }, on: [8080/tcp] }
      - { from: { ip_list: office }, to: { label_group: tiers, not: { role: api } }, on: [web] }
      - { from: { container_host: true }, to: all, on: [all], extra_scope: true }
    deny_rules:
      - { from: { role: web }, to: { workload: shop/db }, on: [22/tcp], override: true }
boundaries: [{ name: no ssh, from: all, to: all, on: [22/tcp] }]
`;
const { policy, at } = parsePolicyFile(FILE, 'shop.yaml');
const translate = policyTranslation(known, at);
const ruleSet = translate.ruleSet(policy.rule_sets[0]!, ['rule_sets', 0]);

describe('the words of a policy file', () => {
  it('become rules with hrefs', () => {
    expect(ruleSet).toMatchObject({
      name: 'shop',
      scopes: [[{ label: { href: '/orgs/1/labels/1' } }, { label: { href: '/orgs/1/labels/2' } }]],
      rules: [
        {
          consumers: [{ label: { href: '/orgs/1/labels/3' } }],
          providers: [{ label: { href: '/orgs/1/labels/4' } }],
          ingress_services: [{ proto: 6, port: 8080 }],
          unscoped_consumers: false,
        },
        {
          consumers: [{ ip_list: { href: `${DRAFT}/ip_lists/7` } }],
          providers: [{ label_group: {} }, { label: { href: '/orgs/1/labels/4' }, exclusion: true }],
          ingress_services: [{ href: `${DRAFT}/services/8` }],
        },
        {
          consumers: [{ actors: 'container_host' }],
          providers: [{ actors: 'ams' }],
          ingress_services: [{ href: `${DRAFT}/services/1` }],
          unscoped_consumers: true,
        },
      ],
      deny_rules: [
        {
          override: true,
          providers: [{ workload: { href: expect.stringContaining('kubernetes_workloads') as unknown } }],
        },
      ],
    });
  });

  it('become bodies that the API takes', () => {
    RuleSetCreate.parse(ruleSet);
    IpListCreate.parse(translate.ipList(policy.ip_lists[0]!, []));
    ServiceCreate.parse(translate.service(policy.services[0]!, []));
    LabelGroupCreate.parse(translate.labelGroup(policy.label_groups[0]!, []));
    EnforcementBoundaryCreate.parse(translate.boundary(policy.boundaries[0]!, []));
  });

  it('become ranges and exclusions', () => {
    expect(translate.ipList(policy.ip_lists[0]!, [])['ip_ranges']).toEqual([
      { from_ip: '10.0.0.0/8', exclusion: false, description: '' },
      { from_ip: '10.9.0.0/16', exclusion: true, description: '' },
      { from_ip: '192.168.0.1', to_ip: '192.168.0.9', exclusion: false, description: '' },
      { from_ip: '2001:db8::/32', exclusion: false, description: '' },
    ]);
  });

  it('that nobody knows are told with their line', () => {
    const text =
      'rule_sets:\n  - name: x\n    rules:\n      - from: { role: wep }\n        to: all\n        on: [wob]\n';
    const file = parsePolicyFile(text, 'x.yaml');
    const unknown = policyTranslation(known, file.at);
    expect(() => unknown.ruleSet(file.policy.rule_sets[0]!, ['rule_sets', 0])).toThrow(
      /x\.yaml:4: .*from\.role: there is no label "role=wep"/,
    );
    const port = policyTranslation(
      { ...known, labels: new Map([['role=wep', '/orgs/1/labels/9']]) },
      file.at,
    );
    expect(() => port.ruleSet(file.policy.rule_sets[0]!, ['rule_sets', 0])).toThrow(
      /x\.yaml:6: .*on\[0\]: there is no service or port .*"wob"/,
    );
  });

  it('that several things have are told with their line, too', () => {
    const file = parsePolicyFile('boundaries:\n  - { name: x, from: all, to: all, on: [twice] }', 'x.yaml');
    const services = new NameBook([
      ['twice', '/a'],
      ['twice', '/b'],
    ]);
    const translation = policyTranslation({ ...known, services }, file.at);
    expect(() => translation.boundary(file.policy.boundaries[0]!, ['boundaries', 0])).toThrow(
      'x.yaml:2: boundaries[0].on[0]: several are called "twice"',
    );
  });
});
