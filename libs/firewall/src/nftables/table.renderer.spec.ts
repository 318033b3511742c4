/** The whole table: one golden text that a person can read, and the pitfalls that it must never fall into. */
import type { Unit } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { peerSet } from '../model/addresses.js';
import { buildModel, endpointUnit, OWN_HOST } from '../model/policy-model.js';
import { renderTable } from './table.renderer.js';

const web = 'g-0000000000000000000a';
const dns = 'g-0000000000000000000b';
const members = new Map([
  [web, peerSet(['10.244.0.2', 'fd00:244::2'], ['192.168.0.0/16'])],
  [dns, peerSet(['10.96.0.10'], [])],
  [OWN_HOST, peerSet(['172.18.0.2'], [])],
]);
const shop: Unit = {
  labelSet: { id: 'ls-00000000000000000001', cluster: 'c', namespace: 'shop', class: 'pod', labels: [] },
  mode: 'full',
  ingress: [
    { ref: '/deny/1', class: 'deny', ports: [{ proto: -1 }], peers: [web] },
    {
      ref: '/rules/1',
      class: 'allow',
      ports: [
        { proto: 6, from: 8080 },
        { proto: 6, from: 9000, to: 9010 },
        { proto: 17, from: 9000 },
      ],
      peers: [web],
    },
    { ref: '/rules/2', class: 'allow', ports: [{ proto: 1, icmpType: 8 }], peers: [web] },
    {
      ref: '/rules/3',
      class: 'allow',
      ports: [{ proto: 6, from: 1 }],
      peers: [dns],
      onlyWorkloads: ['another'],
    },
  ],
  egress: [{ ref: 'essential/dns', class: 'essential', ports: [{ proto: 17, from: 53 }], peers: [dns] }],
};
const details = { workload: 'shop-web', probePorts: [{ proto: 6, port: 8081 }] };
const model = buildModel(endpointUnit(shop, details), (group) => members.get(group), {
  kind: 'pod',
  revision: 17,
});

describe('the table of a Pod', () => {
  it('reads like this', async () => {
    await expect(renderTable(model)).toMatchFileSnapshot('../testing/pod-table.nft');
  });

  it('never drops by policy, never preallocates a set, and never lets an update that failed decide', () => {
    const text = renderTable({
      ...model,
      kind: 'host',
      guard: { targets: [], hairpins: [], podNetworks: [] },
    });
    expect(text).not.toMatch(/policy drop|size \d/);
    for (const chain of text.split(/^  chain /m).filter((each) => each.includes(' update @'))) {
      const lines = chain.split('\n').map((line) => line.trim());
      const verdicts = new Set(
        lines.filter((line) => line.includes(' update @')).map((line) => line.split('} ')[1]),
      );
      const last = `counter name c_overflow ${[...verdicts].join()}`;
      expect([verdicts.size, lines.at(lines.indexOf('}') - 1)]).toEqual([1, last]);
    }
  });

  it('closes an allow rule whose group nobody has told yet, and refuses such a deny rule, which it would open', () => {
    const allowing = { ...shop, ingress: shop.ingress.filter((rule) => rule.class === 'allow') };
    const closed = renderTable(buildModel(allowing, () => undefined, { kind: 'pod', revision: 1 }));
    expect(closed).toContain('chain s_in_1_2048 {\n\n  }');
    expect(() => buildModel(shop, () => undefined, { kind: 'pod', revision: 1 })).toThrowError(
      expect.objectContaining({ code: 'unknown_group' }),
    );
  });

  it('of an idle unit is no table', () => {
    expect(renderTable({ ...model, mode: 'idle' })).toBe(
      'table inet ringfence\ndelete table inet ringfence\n',
    );
  });
});
