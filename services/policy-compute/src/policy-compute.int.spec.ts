import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { subjects } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfKeys } from './adapters/policy-lane.js';
import { readPolicy, startPolicyFixture } from './testing/policy-fixture.js';
import type { PolicyFixture, PolicyReader } from './testing/policy-fixture.js';
import { CLUSTER } from './testing/told-facts.js';

const ROLE_WEB = '11';
const ROLE_DB = '12';
const APP_SHOP = '13';
const WEB = randomUUID();
const DB = randomUUID();
const labelSetOf = (labels: string[]): string =>
  makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels }).id;
const ANY = 'Any (0.0.0.0/0 and ::/0)';
const label = (id: string) => ({ label: { href: `/orgs/1/labels/${id}` } });
const workloads = { providers: ['workloads'], consumers: ['workloads'] };

let fixture: PolicyFixture;
let reader: PolicyReader;

beforeAll(async () => {
  fixture = await startPolicyFixture();
  reader = await readPolicy(fixture.bus);
});
afterAll(async () => {
  await reader.close();
  await fixture.close();
});

const href = (body: unknown): string => (body as { href: string }).href;
const idOf = (body: unknown): string => href(body).split('/').at(-1)!;

async function settled(policyVersion: number): Promise<void> {
  const expected = (): unknown => ({
    policyVersion,
    hash: hashOfKeys(reader.keys()),
    facts: fixture.told(),
  });
  const committed = (): unknown => ({
    policyVersion: reader.commit()?.policyVersion,
    hash: reader.commit()?.hash,
    facts: reader.commit()?.facts,
  });
  await eventually(
    () => ({ committed: committed(), expected: expected() }),
    (seen) => isDeepStrictEqual(seen.committed, seen.expected),
  );
}

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
    await fixture.label({ id: ROLE_WEB, key: 'role', value: 'web' });
    await fixture.label({ id: ROLE_DB, key: 'role', value: 'db' });
    await fixture.label({ id: APP_SHOP, key: 'app', value: 'shop' });
    await fixture.profile({ namespace: 'shop', mode: 'full' });
    const origins = [{ label: ROLE_WEB, by: 'annotation', name: 'com.illumio.role' } as const];
    const refused = [
      { key: 'env', annotation: 'com.illumio.env', value: 'prod', reason: 'not-in-list' } as const,
    ];
    await fixture.entity({ id: WEB, name: 'web', labels: [ROLE_WEB, APP_SHOP], origins, refused });
    await fixture.entity({ id: DB, name: 'db', labels: [ROLE_DB, APP_SHOP] });
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
    const created = await fixture.request('rule_sets', 'create', {
      body: {
        name: 'Shop',
        scopes: [[label(APP_SHOP)]],
        rules: [
          {
            providers: [label(ROLE_DB)],
            consumers: [label(ROLE_WEB)],
            ingress_services: [{ proto: 6, port: 5432 }],
            resolve_labels_as: workloads,
          },
        ],
      },
    });
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
    const allowed = await fixture.service.explain({
      from: 'shop/web',
      to: DB,
      port: 5432,
      proto: 6,
      policy: 'active',
    });
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
    const blocked = await fixture.service.explain({
      from: 'shop/db',
      to: 'shop/web',
      port: 80,
      proto: 6,
      policy: 'active',
    });
    expect(blocked).toMatchObject({ verdict: 'blocked', ingress: { rule: null } });
    const otherPort = await fixture.service.explain({
      from: 'shop/web',
      to: DB,
      port: 5433,
      proto: 6,
      policy: 'active',
    });
    expect(otherPort.nearest).toEqual(['Shop / rule 2: it is for 5432/tcp']);
    expect(blocked).toMatchObject({ basis: 'control_plane', notes: [/did not answer/, /by labels alone/] });
    // The cluster may well know it: that it is silent is not that there is none.
    await expect(
      fixture.service.explain({ from: 'nobody', to: DB, port: 1, proto: 6, policy: 'active' }),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
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

  it('writes nothing after a restart when nothing changed meanwhile', async () => {
    await settled(2);
    const { written, commit } = { written: reader.written(), commit: reader.commit() };
    await fixture.restart();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reader.written()).toBe(written);
    expect(reader.commit()).toEqual(commit);
  });

  it('after a restart writes what changed meanwhile, removes what nobody stands for, and nothing else', async () => {
    const unitOfDb = reader.units.get(labelSetOf([ROLE_DB, APP_SHOP]))!;
    const stale = { ...unitOfDb, labelSet: { ...unitOfDb.labelSet, id: `ls-${'0'.repeat(20)}` } };
    const commit = reader.commit()!;
    await fixture.whileDown(async () => {
      // As a crash between the records and the commit leaves it.
      const record = { flush: commit.flush + 1, policyVersion: commit.policyVersion, unit: stale };
      await fixture.bus.publish(`policy.${CLUSTER}.unit.${stale.labelSet.id}`, record);
      await fixture.entity({ id: DB, name: 'db', labels: [ROLE_DB] });
      await eventually(() => reader.units.has(stale.labelSet.id));
    });
    const written = reader.written();
    await eventually(() => (reader.commit()?.flush ?? 0) > commit.flush + 1);
    await settled(2);
    expect([...reader.units.keys()].sort()).toEqual(
      [labelSetOf([ROLE_WEB, APP_SHOP]), labelSetOf([ROLE_DB])].sort(),
    );
    // The unit of the new label set, the one that is gone, the stale one; groups of rules that now mean nobody; the commit.
    expect(reader.written() - written).toBeLessThanOrEqual(8);
    await fixture.entity({ id: DB, name: 'db', labels: [ROLE_DB, APP_SHOP] });
    await eventually(() => reader.units.has(labelSetOf([ROLE_DB, APP_SHOP])));
  });

  it('delivers a provision that was made while NATS was away', async () => {
    await fixture.nats.stop();
    const list = { name: 'Partners', ip_ranges: [{ from_ip: '198.51.100.0/24' }] };
    const { body } = await fixture.request('ip_lists', 'create', { body: list });
    const rule = {
      providers: [label(ROLE_WEB)],
      consumers: [{ ip_list: { href: href(body) } }],
      ingress_services: [{ proto: 6, port: 443 }],
      unscoped_consumers: true,
    };
    await fixture.request('rule_sets', 'create', { body: { name: 'Partners', scopes: [[]], rules: [rule] } });
    await fixture.request('sec_policy', 'provision', { body: { update_description: 'while NATS was away' } });
    await fixture.nats.start();
    await settled(3);
    const web = reader.unit(labelSetOf([ROLE_WEB, APP_SHOP]))!;
    const peers = web.ingress.flatMap((each) => each.peers);
    expect(peers.flatMap((id) => reader.groups.get(id)?.cidrs ?? [])).toEqual(['198.51.100.0/24']);
  });

  it('tells the clusters all of it again when NATS has lost its disk, under numbers that were never used', async () => {
    const keys = reader.keys();
    const { flush } = reader.commit()!;
    await fixture.loseStreams();
    const again = await readPolicy(fixture.bus);
    await eventually(() => again.commit() !== null);
    expect(again.commit()).toMatchObject({ policyVersion: 3, hash: hashOfKeys(keys), facts: fixture.told() });
    expect(again.commit()!.flush).toBeGreaterThan(flush);
    expect(hashOfKeys(again.keys())).toBe(hashOfKeys(keys));
    await again.close();
    // What is changed afterwards goes on from there.
    await fixture.entity({ id: WEB, name: 'web', labels: [ROLE_WEB, APP_SHOP] });
    await settled(3);
  });

  it('lets a second process stand by, take part in what is provisioned, and take over without writing anything', async () => {
    const other = await fixture.another();
    await eventually(() => other.service.writer() === 'another process');
    const request = {
      org: 1,
      actor: { kind: 'user' as const, id: '1' },
      pversion: 'draft',
      ids: [],
      query: {},
    };
    const body = { name: 'From the other', service_ports: [{ proto: 6, port: 8_080 }] };
    await other.service.resource({ ...request, collection: 'services', op: 'create', body });
    await other.service.resource({ ...request, collection: 'sec_policy', op: 'provision', body: {} });
    await settled(4);
    const written = reader.written();
    await fixture.replaceBy(other);
    await eventually(() => other.service.writer() === 'this process');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reader.written()).toBe(written);
    expect((await fixture.request('services', 'list', { pversion: 'active' })).total).toBe(2);
  });

  it('puts right what a writer wrote that had lost its turn, as soon as that one says that it is done', async () => {
    const id = labelSetOf([ROLE_WEB, APP_SHOP]);
    const right = reader.units.get(id)!;
    const { flush, policyVersion } = reader.commit()!;
    const late = { flush: flush + 1, policyVersion };
    const unit = { ...right, mode: 'idle' };
    await fixture.bus.publish(subjects.policy(CLUSTER, 'unit', id), { ...late, unit });
    await fixture.bus.publish(subjects.policy(CLUSTER, 'group', 'late'), { ...late, group: { id: 'late' } });
    await eventually(() => reader.units.get(id)?.mode === 'idle' && reader.groups.has('late'));
    await fixture.bus.publish(subjects.turnLeft(), {});
    await eventually(() => reader.commit()!.flush > late.flush);
    await settled(4);
    expect(reader.units.get(id)).toEqual(right);
  });

  it('says that it is done when it has lost its turn, and begins each turn above all numbers of the one before', async () => {
    const left: unknown[] = [];
    const listening = await fixture.bus.latest('POLICY', subjects.turnLeft(), ({ payload }) => {
      left.push(payload);
    });
    await listening.caughtUp;
    const before = left.length;
    const { flush } = reader.commit()!;
    await fixture.endTurn();
    await eventually(() => left.length > before);
    await listening.close();
    await eventually(() => fixture.service.writer() === 'this process');
    await fixture.label({ id: '15', key: 'loc', value: 'after the turn' });
    await settled(4);
    expect(reader.commit()!.flush).toBeGreaterThan(flush + 1_000);
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
    await settled(4);
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
