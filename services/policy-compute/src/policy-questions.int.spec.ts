/** What is asked of policy without changing it, as REST clients see it, against real servers. */
import { randomUUID } from 'node:crypto';
import { ExportedNetworkPolicies, Suggestion, WhatIfAnswer } from '@ringfence/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DRAFT, label, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { PolicyClient } from './testing/policy-client.js';

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

describe('rules suggested from traffic', () => {
  it('cover it once they are drafted, and a second question asks for nothing more', async () => {
    const { fixture } = policy;
    const [client, server] = [randomUUID(), randomUUID()];
    await fixture.entity({ id: client, name: 'client', labels: ['1', '3'] });
    await fixture.entity({ id: server, name: 'server', labels: ['2', '3'] });
    const edge = {
      src: { workload: { href: `/orgs/1/kubernetes_workloads/${client}` } },
      dst: { workload: { href: `/orgs/1/kubernetes_workloads/${server}` } },
      service: { port: 5432, proto: 6 },
      num_connections: 7,
      last_detected: '2026-11-22T10:00:00.000Z',
    };
    const stranger = { ...edge, src: { ip: '192.0.2.9', name: 'elsewhere/thing' } };
    const suggest = async (): Promise<Suggestion> => {
      const { body } = await policy.ask('sec_policy', 'suggest', { body: { edges: [edge, stranger] } });
      return Suggestion.parse(body);
    };
    await expect.poll(async () => (await suggest()).coverage.suggested).toBe(1);
    const { rule_sets: sets, evidence, blocked } = await suggest();
    expect(evidence).toMatchObject([
      { rule_set: 0, rule: 0, num_connections: 7, seen: ['shop/client → shop/server 5432/tcp'] },
    ]);
    expect(blocked).toMatchObject([
      { src: { ip: '192.0.2.9' }, reason: expect.stringContaining('IP list') as string },
    ]);
    for (const body of sets) await policy.create('rule_sets', body);
    expect((await suggest()).coverage).toMatchObject({ existing: 1, suggested: 0, blocked: 1 });

    const { body } = await policy.ask('sec_policy', 'what_if', {
      body: { edges: [edge, stranger], modes: [] },
    });
    expect(WhatIfAnswer.parse(body)).toMatchObject({
      flips: [{ before: 'blocked', after: 'allowed', reason: 'a rule allows it' }],
      gained: { count: 1, some: ['shop/client → shop/server 5432/tcp'] },
      lost: { count: 0 },
      workloads_affected: 2,
    });
  });
});

describe('rule sets as NetworkPolicies', () => {
  it('are manifests of whom they can name, and name what they cannot say', async () => {
    const { href } = await policy.create('rule_sets', {
      name: name(),
      scopes: [[{ label: { href: '/orgs/1/labels/3' } }]],
      rules: [{ ...ruleBody, consumers: [label('1')], providers: [label('2')] }],
      deny_rules: [
        {
          ...{ enabled: true, consumers: [label('1')], providers: [label('1')], override: true },
          ingress_services: [{ proto: 6, port: 23 }],
        },
      ],
    });
    const ask = async (body: object): Promise<ExportedNetworkPolicies> =>
      ExportedNetworkPolicies.parse(
        (await policy.ask('sec_policy', 'network_policies', { pversion: 'draft', body })).body,
      );
    const shop = { name: 'shop', labels: [{ href: '/orgs/1/labels/3' }] };
    const said = await ask({ rule_sets: [{ href }], namespaces: [shop], pod_labels: { role: 'tier' } });
    expect(said.network_policies.map(({ spec }) => spec)).toMatchObject([
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      { policyTypes: ['Ingress'], podSelector: { matchExpressions: [{ key: 'tier', operator: 'In' }] } },
      { policyTypes: ['Egress'], podSelector: { matchExpressions: [{ key: 'tier', operator: 'In' }] } },
    ]);
    expect(said.not_said).toMatchObject([{ token: 'override_deny', rule_set: { href } }]);
    const untold = await ask({ rule_sets: [{ href }], namespaces: [{ name: 'shop' }] });
    expect(untold.network_policies).toEqual([]);
    expect(untold.not_said.map(({ token }) => token)).toContain('label_not_carried');
    await expect(ask({ namespaces: [shop, shop] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(ask({ namespaces: [shop], rule_sets: [{ href }, { href }] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(
      ask({ namespaces: [shop], rule_sets: [{ href: `${DRAFT}/rule_sets/999999` }] }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(
      ask({ namespaces: [{ name: 'shop', labels: [{ href: '/orgs/1/labels/9999' }] }] }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('objects that are only supposed', () => {
  it('are judged as if they alone were provisioned, with labels that nobody has yet, and nothing is stored', async () => {
    const { fixture } = policy;
    const [client, server] = [randomUUID(), randomUUID()];
    await fixture.entity({ id: client, name: 'caller', labels: ['1', '3'] });
    await fixture.entity({ id: server, name: 'cache', labels: ['2', '3'] });
    const somebodyElses = await policy.create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, providers: [label('2')], ingress_services: [{ proto: 6, port: 22 }] }],
    });
    const service = { href: `${DRAFT}/services/new` };
    const changes = [
      { href: '/orgs/1/labels/new', body: { key: 'role', value: 'of-tomorrow' } },
      { ...service, body: { name: name(), service_ports: [{ proto: 6, port: 6379 }] } },
      {
        href: `${DRAFT}/rule_sets/new`,
        body: {
          name: name(),
          scopes: [],
          rules: [{ ...ruleBody, providers: [label('2'), label('new')], ingress_services: [service] }],
        },
      },
    ];
    const asked = async (pversion: string, supposed: unknown): Promise<WhatIfAnswer> => {
      const { body } = await policy.ask('sec_policy', 'what_if', { pversion, body: { changes: supposed } });
      return WhatIfAnswer.parse(body);
    };
    const pending = async () => (await policy.ask('sec_policy', 'pending')).body;
    const before = await pending();
    const gained = async (): Promise<string[]> => (await asked('draft', changes)).gained.some;
    await expect.poll(gained).toContain('shop/caller → shop/cache 6379/tcp');
    expect((await gained()).filter((pair) => pair.endsWith(' 22/tcp'))).toEqual([]);
    const theirs = [...changes, { href: somebodyElses.href, body: {} }];
    expect((await asked('draft', theirs)).gained.some).toContain('shop/caller → shop/cache 22/tcp');
    expect(await pending()).toEqual(before);

    await expect(asked('active', changes)).rejects.toThrow('ask of the draft');
    await expect(asked('draft', changes.slice(1))).rejects.toThrow('there is no label new');
    const [nothing] = [{ href: '/orgs/1/workloads/1', body: {} }];
    await expect(asked('draft', [nothing])).rejects.toThrow('no href of a policy object');
  });

  it('may be gone: what a rule set in force allowed is lost then, and a label cannot be', async () => {
    const { fixture } = policy;
    await fixture.entity({ id: randomUUID(), name: 'asker', labels: ['1', '3'] });
    await fixture.entity({ id: randomUUID(), name: 'store', labels: ['2', '3'] });
    const { href } = await policy.create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, providers: [label('2')], ingress_services: [{ proto: 6, port: 7070 }] }],
    });
    await policy.provision({ rule_sets: [{ href }] });
    const asked = (supposed: unknown): Promise<unknown> =>
      policy
        .ask('sec_policy', 'what_if', { pversion: 'draft', body: { changes: supposed } })
        .then(({ body }) => WhatIfAnswer.parse(body).lost.some);
    await expect.poll(() => asked([{ href, body: null }])).toContain('shop/asker → shop/store 7070/tcp');
    await expect(asked([{ href: '/orgs/1/labels/1', body: null }])).rejects.toThrow(
      'labels cannot be supposed',
    );
  });
});
