import { randomUUID } from 'node:crypto';
import { subjects } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicy } from './testing/policy-fixture.js';
import {
  APP_SHOP,
  DB,
  labelSetOf,
  openShop,
  ROLE_DB,
  ROLE_WEB,
  SHOP_RULE_SET,
  tellShop,
  WEB,
} from './testing/shop.js';
import type { Shop } from './testing/shop.js';
import { CLUSTER } from './testing/told-facts.js';

const ANY = 'Any (0.0.0.0/0 and ::/0)';

let shop: Shop;
let { fixture, reader, settled } = {} as Shop;
beforeAll(async () => {
  shop = await openShop();
  ({ fixture, reader, settled } = shop);
});
afterAll(() => shop.close());

const href = (body: unknown): string => (body as { href: string }).href;
const idOf = (body: unknown): string => href(body).split('/').at(-1)!;

describe('policy-compute on real servers', () => {
  it('starts with the IP list of everything, the service of everything, and a rule for all that goes out, which is not enabled', async () => {
    const lists = await fixture.request('ip_lists', 'list', {
      pversion: 'active',
      query: { name: ANY },
    });
    expect(lists.body).toMatchObject([{ href: '/orgs/1/sec_policy/active/ip_lists/1', update_type: null }]);
    const services = await fixture.request('services', 'list', { query: { name: 'All Services' } });
    expect(services.body).toMatchObject([
      { href: '/orgs/1/sec_policy/draft/services/1', service_ports: [{ proto: -1 }] },
    ]);
    expect((await fixture.request('rule_sets', 'list', { pversion: 'active' })).body).toMatchObject([
      {
        name: 'Default',
        scopes: [[]],
        rules: [{ enabled: false, consumers: [{ actors: 'ams' }], providers: [{ ip_list: { name: ANY } }] }],
      },
    ]);
    expect((await fixture.request('sec_policy', 'pending')).body).toEqual({});
  });

  it('tells the clusters what stands as soon as workloads have labels', async () => {
    await tellShop(fixture);
    await eventually(() => reader.units.size === 2);
    await settled(1);
    expect(reader.unit(labelSetOf([ROLE_DB, APP_SHOP]))).toMatchObject({
      mode: 'full',
      ingress: [],
      egress: [],
    });
  });

  it('says with each commit how much of what it heard it is made from, also where nothing follows from it', async () => {
    await fixture.label({ id: '14', key: 'loc', value: 'nowhere' });
    await settled(1);
    expect(await fixture.service.askedVersion()).toMatchObject({ policyVersion: 1 });
  });

  it('drafts a rule set, changes nothing in force by it, provisions it, and tells the clusters', async () => {
    const created = await fixture.request('rule_sets', 'create', { body: SHOP_RULE_SET });
    expect(created.body).toMatchObject({
      update_type: 'create',
      rules: [
        { update_type: 'create', providers: [{ label: { key: 'role', value: 'db' }, exclusion: false }] },
      ],
    });
    const pending = await fixture.request('sec_policy', 'pending');
    expect(pending.body).toMatchObject({
      rule_sets: [{ href: href(created.body), name: 'Shop', update_type: 'create' }],
    });
    await expect(
      fixture.request('rule_sets', 'get', { pversion: 'active', ids: [idOf(created.body)] }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const before = reader.written();

    const provisioned = await fixture.request('sec_policy', 'provision', {
      body: { update_description: 'first' },
    });
    expect(provisioned.body).toMatchObject({
      href: '/orgs/1/sec_policy/2',
      version: 2,
      commit_message: 'first',
      workloads_affected: 2,
      object_counts: { rule_sets: 2, ip_lists: 1, services: 1, firewall_settings: 1 },
      created_by: { href: '/users/1' },
    });
    await settled(2);
    const database = reader.unit(labelSetOf([ROLE_DB, APP_SHOP]))!;
    expect(database.ingress).toMatchObject([{ class: 'allow', ports: [{ proto: 6, from: 5432 }] }]);
    const group = reader.groups.get(database.ingress[0]!.peers[0]!);
    expect(group?.labelSets).toEqual([labelSetOf([ROLE_WEB, APP_SHOP])]);
    expect(reader.written()).toBeGreaterThan(before);
    expect((await fixture.request('sec_policy', 'pending')).body).toEqual({});
    expect(
      (await fixture.request('rule_sets', 'get', { pversion: 'active', ids: [idOf(created.body)] })).body,
    ).toMatchObject({ update_type: null });
  });

  it('explains a connection by the rule that allows it, and by the rule that is missing', async () => {
    const explain = (from: string, to: string, port: number) =>
      fixture.service.explain({ from, to, port, proto: 6, policy: 'active' });
    // At once: each waits for a cluster that does not answer.
    const unknown = expect(explain('nobody', DB, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const [allowed, blocked, otherPort] = await Promise.all([
      explain('shop/web', DB, 5432),
      explain('shop/db', 'shop/web', 80),
      explain('shop/web', DB, 5433),
    ]);
    expect(allowed).toMatchObject({
      verdict: 'allowed',
      nearest: [],
      policyVersion: 2,
      ingress: { ruleClass: 'allow', rule: { name: 'Shop / rule 2' } },
      egress: {
        workload: WEB,
        origins: [
          { label: 'role=web', by: 'annotation', from: 'annotation com.illumio.role' },
          { label: 'app=shop', by: null, from: 'it is not recorded where from' },
        ],
        refused: [{ annotation: 'com.illumio.env', value: 'prod', reason: 'not-in-list' }],
      },
    });
    expect(blocked).toMatchObject({ verdict: 'blocked', ingress: { rule: null } });
    expect(otherPort.nearest).toEqual(['Shop / rule 2: it is for 5432/tcp']);
    expect(blocked).toMatchObject({ basis: 'control_plane', notes: [/did not answer/, /by labels alone/] });
    // The cluster may well know it: that it is silent is not that there is none.
    await unknown;
  });

  it('explains few moments of the past at once, because each is a whole version', async () => {
    const then = { at: new Date().toISOString(), since: null, entities: [], labels: [], alarms: [] };
    const question = { from: 'shop/web', to: DB, port: 5432, proto: 6, policy: 'active', then } as const;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => fixture.service.explain(question)),
    );
    const codes = outcomes.map((one) =>
      one.status === 'rejected' ? (one.reason as { code?: string }).code : '',
    );
    expect(codes).toEqual([
      ...Array<string>(4).fill('INVALID_ARGUMENT'),
      'RESOURCE_EXHAUSTED',
      'RESOURCE_EXHAUSTED',
    ]);
  });

  describe('with a cluster that answers', () => {
    const inForce = { state: 'no', node: 'node-2', mode: null, since: null, message: 'not yet' } as const;
    const ingress = {
      name: 'shop/db-1',
      labels: [ROLE_DB],
      mode: 'full',
      decision: 'allow',
      verdict: 'allowed',
      ruleClass: 'essential',
      ref: 'essential/cluster-dns',
      sees: { address: '10.0.0.7', port: 5432 },
      inForce,
    } as const;
    const judged = {
      kind: 'judged',
      policyVersion: 2,
      revision: 9,
      verdict: 'allowed',
      egress: null,
      ingress,
      notes: [],
    } as const;
    const question = { from: '10.0.0.7', to: 'shop/db-1', port: 5432, proto: 6, policy: 'active' } as const;
    /** What a cluster of this id does with each question. */
    const cluster = async (
      answer: (token: string) => void,
      ask: () => Promise<unknown> = () => fixture.service.explain(question),
    ): Promise<unknown> => {
      const listening = fixture.bus.subscribe(subjects.questions(CLUSTER), ({ subject }) =>
        answer(subject.split('.')[2]!),
      );
      // Acknowledged by the server, so it knows by then that somebody listens.
      await fixture.label({ id: ROLE_DB, key: 'role', value: 'db' });
      try {
        return await ask();
      } finally {
        listening.close();
      }
    };

    it('tells what it judged, in words, and that it is not in force', async () => {
      const answer = await cluster((token) => fixture.bus.send(subjects.answer(CLUSTER, token), judged));
      expect(answer).toMatchObject({
        basis: 'cluster',
        verdict: 'allowed',
        egress: null,
        ingress: {
          labels: ['role=db'],
          rule: { ref: 'essential/cluster-dns', name: 'essential: the cluster’s DNS' },
          sees: '10.0.0.7:5432',
          inForce,
        },
      });
      expect(answer).toMatchObject({
        summary: expect.stringContaining('not in force on node-2 (not yet)') as string,
      });
    });

    it('hears no other cluster, and takes what it cannot read for silence', async () => {
      const other = '00000000-0000-4000-8000-0000000000c2';
      const forged = cluster((token) => fixture.bus.send(subjects.answer(other, token), judged));
      await expect(forged).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      const unreadable = cluster((token) =>
        fixture.bus.send(subjects.answer(CLUSTER, token), { kind: 'judged' }),
      );
      await expect(unreadable).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it('refuses a cluster that nobody knows, whatever its id would mean in a subject', async () => {
      for (const id of ['*', 'a.b', '>', '00000000-0000-4000-8000-0000000000c3'])
        await expect(fixture.service.explain({ ...question, cluster: id })).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
    });
  });

  it('makes one flush of a burst', async () => {
    const before = reader.commit()!.flush;
    const pods = Array.from({ length: 200 }, (_, index) =>
      fixture.entity({
        id: randomUUID(),
        name: `burst-${index}`,
        namespace: `burst-${index}`,
        labels: [ROLE_WEB],
      }),
    );
    await Promise.all(pods);
    await eventually(() => reader.units.size >= 202);
    await settled(2);
    expect(reader.commit()!.flush - before).toBeLessThan(20);
  });

  it('withdraws every record of a cluster that nothing is known of any more', async () => {
    const gone = '00000000-0000-4000-8000-0000000000c2';
    const id = randomUUID();
    await fixture.entity({ id, name: 'passing', cluster: gone, labels: [ROLE_WEB] });
    const other = await readPolicy(fixture.bus, gone);
    await eventually(() => other.commit() !== null && other.units.size === 1);
    await fixture.removeEntity(id, gone);
    await eventually(() => other.commit() === null && other.keys().length === 0);
    await other.close();
  });
});
