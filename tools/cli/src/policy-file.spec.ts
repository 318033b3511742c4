import { describe, expect, it } from 'vitest';
import { Failure } from './failure.js';
import { parsePolicyFile } from './policy-documents.js';
import { portsOf, portText, servicePortsOf } from './port-words.js';

const wrong = (text: string): string => {
  try {
    parsePolicyFile(text, 'shop.yaml');
  } catch (error) {
    if (error instanceof Failure) return `${String(error.exitCode)} ${error.message}`;
    throw error;
  }
  throw new Error('the file was taken');
};

describe('a policy file', () => {
  it('reads sides, scopes and ports as people write them', () => {
    const { policy } = parsePolicyFile(
      `
rule_sets:
  - name: shop
    scopes: [{ app: shop, env: prod }]
    rules:
      - { from: { role: web }, to: { role: [api, cart] }, on: [8080/tcp] }
      - { from: all, to: { ip_list: office, not: { role: db } }, on: [web], extra_scope: true }
`,
      'shop.yaml',
    );
    expect(policy.rule_sets[0]).toMatchObject({
      enabled: true,
      scopes: [{ app: 'shop', env: 'prod' }],
      rules: [
        { from: { role: ['web'] }, to: { role: ['api', 'cart'] }, on: ['8080/tcp'], extra_scope: false },
        { from: { all: true }, to: { ip_list: ['office'], not: { role: ['db'] } }, extra_scope: true },
      ],
    });
  });

  it('may be empty', () => {
    expect(parsePolicyFile('', 'shop.yaml').policy.rule_sets).toEqual([]);
  });

  it.each([
    ['rule_sets:\n  - name: shop\n    rulez: []', '2 shop.yaml:3: rule_sets[0].rulez: unknown field'],
    [
      'rule_sets:\n  - name: shop\n    rules:\n      - { from: { role: web }, on: [80/tcp] }',
      '2 shop.yaml:4: rule_sets[0].rules[0].to:',
    ],
    [
      'rule_sets:\n  - name: shop\n    rules:\n      - { from: {}, to: all, on: [80/tcp] }',
      'shop.yaml:4: rule_sets[0].rules[0].from: names nobody',
    ],
    [
      'rule_sets:\n  - name: shop\n    rules:\n      - { from: everybody, to: all, on: [80/tcp] }',
      'rules[0].from: write `all`, or labels',
    ],
    [
      'labels:\n  - { key: app\n',
      '2 shop.yaml:3: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    ['services: [{ name: web, ports: [] }]', 'services[0].ports'],
    ['- a\n- b', 'shop.yaml:1: file'],
  ])('says on which line and in which field %j is wrong', (text, message) => {
    expect(wrong(text)).toContain(message);
  });
});

describe('ports in words', () => {
  it('of an ICMP whose type is any have none', () => {
    expect(portText({ proto: 1, icmp_type: null, icmp_code: null })).toBe('icmp');
    expect(portText({ proto: 1, icmp_type: 3, icmp_code: null })).toBe('icmp/3');
  });

  it.each([
    ['8080/tcp', { proto: 6, port: 8080 }],
    ['9000-9010/udp', { proto: 17, port: 9000, to_port: 9010 }],
    ['53-53/udp', { proto: 17, port: 53 }],
    ['9010-9000/udp', undefined],
    ['70000/tcp', undefined],
    ['8080', undefined],
    ['web', undefined],
  ])('%s', (text, ports) => {
    expect(portsOf(text)).toEqual(ports);
  });

  it('are whole protocols too in a service', () => {
    expect([
      servicePortsOf('icmp'),
      servicePortsOf('all'),
      servicePortsOf('443/tcp'),
      servicePortsOf('web'),
    ]).toEqual([{ proto: 1 }, { proto: -1 }, { proto: 6, port: 443 }, undefined]);
  });
});
