/** What policy-compute tells the clusters when it restarts, when NATS was away or lost its disk, and when another process takes its turn. */
import { subjects } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfKeys } from './adapters/policy-lane.js';
import { readPolicy } from './testing/policy-fixture.js';
import {
  APP_SHOP,
  DB,
  label,
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

let shop: Shop;
let { fixture, reader, settled } = {} as Shop;
beforeAll(async () => {
  shop = await openShop();
  ({ fixture, reader, settled } = shop);
  await tellShop(fixture);
  await eventually(() => reader.units.size === 2);
  await settled(1);
  await fixture.request('rule_sets', 'create', { body: SHOP_RULE_SET });
  await fixture.request('sec_policy', 'provision', { body: { update_description: 'first' } });
  await settled(2);
});
afterAll(() => shop.close());

describe('what the clusters were told of policy', () => {
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
      consumers: [{ ip_list: { href: (body as { href: string }).href } }],
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
});
