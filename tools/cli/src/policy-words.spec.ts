import { describe, expect, it } from 'vitest';
import { parsePolicyFile } from './policy-documents.js';
import { policyText } from './policy-text.js';
import { policyWords } from './policy-words.js';
import type { RuleSetBody } from './policy-bodies.js';

const label = (key: string, value: string): object => ({
  label: { href: `/orgs/1/labels/${value}`, key, value },
  exclusion: false,
});
const names = {
  services: new Map([
    ['1', 'All Services'],
    ['2', 'postgres'],
  ]),
  workloads: new Map([['w-1', 'shop/web']]),
};
/** As the server shows it. */
const shown = {
  name: 'shop',
  description: '',
  enabled: true,
  scopes: [[label('app', 'shop'), label('env', 'prod')]],
  rules: [
    {
      consumers: [label('role', 'web'), label('role', 'job')],
      providers: [label('role', 'api')],
      ingress_services: [
        { proto: 6, port: 8080 },
        { proto: 17, port: 9000, to_port: 9010 },
      ],
      enabled: true,
      unscoped_consumers: false,
    },
    {
      consumers: [{ workload: { href: '/orgs/1/kubernetes_workloads/w-1', name: 'web' } }],
      providers: [{ actors: 'ams' }],
      ingress_services: [{ href: '/orgs/1/sec_policy/active/services/2' }],
      unscoped_consumers: true,
      enabled: false,
    },
  ],
  deny_rules: [
    {
      consumers: [{ actors: 'ams' }, { ...label('env', 'dev'), exclusion: true }],
      providers: [{ ip_list: { href: '/orgs/1/sec_policy/active/ip_lists/3', name: 'office' } }],
      ingress_services: [{ href: '/orgs/1/sec_policy/active/services/1' }],
      override: true,
    },
  ],
} as unknown as RuleSetBody;

describe('bodies of the API in the words of a file', () => {
  it('mean the same when they are read as a file', () => {
    const words = policyWords(names);
    const text = policyText({ rule_sets: [words.ruleSet(shown)], labels: words.labels() });
    const { policy } = parsePolicyFile(text, 'written.yaml');
    expect(policy.labels).toContainEqual({ key: 'role', value: 'job' });
    expect(policy.rule_sets).toMatchObject([
      {
        scopes: [{ app: 'shop', env: 'prod' }],
        rules: [
          { from: { role: ['job', 'web'] }, to: { role: ['api'] }, on: ['8080/tcp', '9000-9010/udp'] },
          {
            from: { workload: ['shop/web'] },
            to: { all: true },
            on: ['postgres'],
            extra_scope: true,
            enabled: false,
          },
        ],
        deny_rules: [
          {
            from: { all: true, not: { env: ['dev'] } },
            to: { ip_list: ['office'] },
            on: ['all'],
            override: true,
          },
        ],
      },
    ]);
  });

  it('are a line for each rule, with what is known of it above', () => {
    const text = policyText({ rule_sets: [policyWords(names).ruleSet(shown)] }, [
      { at: ['rule_sets', 0, 'rules', 0], text: '12 connections' },
    ]);
    expect(text).toContain(
      '      # 12 connections\n      - { from: { role: [ job, web ] }, to: { role: api }, on: [ 8080/tcp, 9000-9010/udp ] }\n',
    );
  });
});
