/** What clas-caches say is not in force: shown, told as events, and never more believed than the cluster that says it. */
import { randomUUID } from 'node:crypto';
import { subjects } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clusterBody,
  eventsOf,
  expectContractedEvents,
  heard,
  newCluster,
} from './testing/inventory-client.js';
import { seen, stamp, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('what is not in force', () => {
  const since = '2026-01-01T12:04:31.000Z';
  const workload = randomUUID();
  const laggard = (pod: string) => ({
    ...{ id: pod, workload, namespace: 'shop', name: pod, asked: 'full', inForce: 'visibility_only' },
    ...{ token: 'not_in_kernel', message: 'node-2 does not name it', since },
  });
  const ack = (cluster: string, pods: readonly string[], enforced = 3 - pods.length) =>
    world.bus.publish(subjects.ack(cluster, 'node-2'), {
      ...{ node: 'node-2', revision: 1, policyVersion: 4, at: since, failed: [] },
      saidAt: new Date().toISOString(),
      workloads: [{ workload, pods: 3, enforced, addresses: [] }],
      notInForce: pods.map(laggard),
      notInForceCount: pods.length,
    });
  const pulse = (cluster: string, parts: object = {}) =>
    world.bus.publish(subjects.pulse(cluster), {
      ...{ at: new Date().toISOString(), missing: [], policyVersion: 4, places: 4, notInForceCount: 0 },
      ...parts,
    });
  it('makes the status of its cluster an error that says since when and why, until it is in force', async () => {
    const { id } = await newCluster(world);
    await heard(world, id);
    await ack(id, ['late-1', 'late-2']);
    await pulse(id, { notInForceCount: 2 });
    // The pulse says how many, the node's acknowledgement which: two lanes, either may be first.
    const lost = await eventually(
      () => clusterBody(world, id),
      (body) =>
        body['ringfence_status'] === 'error' && String(body['ringfence_status_message']).includes('since'),
    );
    expect(lost).toMatchObject({
      ringfence_status_message: `policy is not in force on 2 of 4 places since ${since}: node-2 does not name it`,
      ringfence_enforcement: {
        ...{ places: 4, not_in_force: 2, since },
        reasons: [{ token: 'not_in_kernel', count: 2 }],
      },
    });
    const { clusters } = await world.inventory().standing();
    expect(clusters.find((each) => each.id === id)).toMatchObject({ status: 'error', notInForce: 2 });
    await ack(id, []);
    await pulse(id);
    await eventually(async () => (await clusterBody(world, id))['ringfence_status'] === 'in_sync');
  });

  it('is one event per workload when it begins and one when it ends, however many Pods it has', async () => {
    const { id } = await newCluster(world);
    await heard(world, id);
    await ack(id, ['late-1']);
    await eventually(async () => (await eventsOf(world, id, 'EnforcementLost')).length === 1);
    for (const pods of [['late-1', 'late-2'], ['late-1', 'late-2', 'late-3'], []]) await ack(id, pods);
    await eventually(async () => (await eventsOf(world, id, 'EnforcementRestored')).length === 1);
    const [lost, ...more] = await eventsOf(world, id, 'EnforcementLost');
    expect(more).toEqual([]);
    await expectContractedEvents(world);
    expect(lost?.data).toMatchObject({ scope: 'workload', id: workload, since, name: 'late-1' });
  });

  it('is not known of a cluster whose clas-cache is not heard, and said so', async () => {
    const quick = await startWorld({ RINGFENCE_PULSE_SILENCE_SECONDS: '1' });
    try {
      const { id } = await newCluster(quick);
      await quick.observe(id, 'cluster', id, seen.cluster());
      await quick.bus.publish(subjects.pulse(id), {
        ...{ at: new Date().toISOString(), missing: [], policyVersion: 4, places: 4, notInForceCount: 0 },
      });
      const silent = await eventually(
        () => clusterBody(quick, id),
        (one) => one['ringfence_status'] === 'out_of_sync',
      );
      expect(silent['ringfence_status_message']).toMatch(/^clas-cache has not been heard since 20/);
      await eventually(async () => (await quick.events('EnforcementLost')).length === 1);
      expect((await quick.events('EnforcementLost'))[0]?.data).toMatchObject({ scope: 'cluster', count: 4 });
    } finally {
      await quick.close();
    }
  });

  it('counts for the cluster that says it, never for a workload of another', async () => {
    const [own, other] = [await newCluster(world), await newCluster(world)];
    await ack(own.id, []);
    await ack(other.id, ['late-1', 'late-2', 'late-3']);
    await eventually(async () => (await eventsOf(world, other.id, 'EnforcementLost')).length === 1);
    const { rows } = await world
      .inventory()
      .store.pool.query<{ cluster: string }>('select cluster from convergence where workload = $1', [
        workload,
      ]);
    expect(rows.map(({ cluster }) => cluster)).toContain(own.id);
    expect(rows.map(({ cluster }) => cluster)).not.toContain(other.id);
  });
});

describe('NetworkPolicies that cannot be read', () => {
  it('are named in their cluster with the field at fault as clas-cache says them, and gone when it says none', async () => {
    const { id } = await newCluster(world);
    await heard(world, id);
    const shown = async () =>
      (await clusterBody(world, id))['ringfence_enforcement'] as { refused_network_policies: unknown };
    // A clas-cache that does not speak of them.
    await world.bus.publish(subjects.pulse(id), seen.pulse(4));
    expect(await eventually(shown, (body) => 'places' in body && body.places === 4)).toMatchObject({
      refused_network_policies: null,
    });
    const odd = { namespace: 'shop', name: 'odd', field: 'spec.ingress[0].x', token: 'unknown_field' };
    const named = [{ ...odd, message: 'is not known here', closed: ['ingress' as const] }];
    await world.bus.publish(
      subjects.pulse(id),
      seen.pulse(4, { refusedNetworkPolicies: { named, count: 120 } }),
    );
    const told = await eventually(shown, ({ refused_network_policies: all }) => all !== null);
    expect(told.refused_network_policies).toEqual({ count: 120, named });
    const standing = async () => (await world.inventory().standing()).clusters.find((each) => each.id === id);
    expect(await standing()).toMatchObject({
      ...{ status: 'in_sync', refusedNetworkPolicies: 120 },
      message: expect.stringMatching(/^120 NetworkPolicies cannot be read/) as unknown,
    });
    const none = seen.pulse(4, { refusedNetworkPolicies: { named: [], count: 0 } });
    await world.bus.publish(subjects.pulse(id), none);
    await eventually(async () => (await standing())?.message === '');
    expect((await shown()).refused_network_policies).toEqual({ count: 0, named: [] });
  });
});

describe('the policy version', () => {
  const AT = '2026-01-01T12:04:31.000Z';
  const head = (cluster: string, position: number) => ({ cluster, kind: 'profile', position, at: AT });
  const provisioned = (policyVersion: number) => (world.asked.version = { policyVersion, at: AT });
  const policyOf = async (id: string) =>
    ((await clusterBody(world, id))['ringfence_enforcement'] as { policy: Record<string, unknown> }).policy;
  const tell = async (id: string, pulse: object) => {
    await world.bus.publish(subjects.pulse(id), pulse);
    const at = (pulse as { places: number }).places;
    await eventually(async () => {
      const { clusters } = await world.inventory().standing();
      const body = await clusterBody(world, id);
      return clusters.length > 0 && (body['ringfence_enforcement'] as { places: number }).places === at;
    });
  };

  it('is told as asked and as in force, and the old one is never taken for all that was asked', async () => {
    const { id } = await newCluster(world);
    provisioned(4);
    expect(await policyOf(id)).toMatchObject({ asked_version: 4, told_version: null, is_newest: false });
    await tell(id, seen.pulse(4, { places: 5 }));
    expect(await policyOf(id)).toMatchObject({ asked_version: 4, in_force_version: 4, is_newest: true });
    // The answer to the provision has just been given; nobody in the cluster has heard of it.
    provisioned(5);
    expect(await policyOf(id)).toMatchObject({
      ...{ asked_version: 5, told_version: 4, in_force_version: 4, is_newest: false },
      waiting_for: 'policy version 5: clas-cache has not told it',
    });
    const policy = { told: stamp(5), inForce: stamp(4), behind: ['node-2'], behindCount: 1 };
    await tell(id, seen.pulse(5, { places: 6, policy }));
    expect(await policyOf(id)).toMatchObject({ in_force_version: 4, nodes_behind: ['node-2'] });
    await tell(id, seen.pulse(5, { places: 7 }));
    expect(await policyOf(id)).toMatchObject({ in_force_version: 5, is_newest: true, waiting_for: '' });
    provisioned(4);
  });

  it('is not all: a mode or label that was written is awaited, too', async () => {
    const { id } = await newCluster(world);
    await tell(id, seen.pulse(4, { places: 8 }));
    world.asked.settings = { heads: [head(id, 41)] };
    expect(await policyOf(id)).toMatchObject({ in_force_version: 4, is_newest: false, asked_at: AT });
    const policy = { told: stamp(4, 41), inForce: stamp(4, 41), behind: [], behindCount: 0 };
    await tell(id, seen.pulse(4, { places: 9, policy }));
    expect(await policyOf(id)).toMatchObject({ is_newest: true });
    world.asked.settings = { heads: [] };
  });

  it('makes the cluster out of sync when it does not come into force', async () => {
    const { id } = await newCluster(world);
    await heard(world, id);
    provisioned(5);
    await tell(id, seen.pulse(4, { places: 10 }));
    expect(await clusterBody(world, id)).toMatchObject({
      ringfence_status: 'out_of_sync',
      ringfence_status_message: `not in force although asked for at ${AT}: policy version 5: clas-cache has not told it`,
    });
    const { clusters } = await world.inventory().standing();
    expect(clusters.find((each) => each.id === id)?.policy).toMatchObject({
      asked_version: 5,
      in_force_version: 4,
    });
    provisioned(4);
  });

  it('is not known while its owner is away, and not called in force', async () => {
    const { id } = await newCluster(world);
    await tell(id, seen.pulse(4, { places: 11 }));
    world.asked.version = null;
    expect(await policyOf(id)).toMatchObject({
      ...{ asked_version: null, in_force_version: 4, is_newest: false },
      waiting_for: 'policy-compute does not answer: which version is asked for',
    });
    provisioned(4);
  });
});
