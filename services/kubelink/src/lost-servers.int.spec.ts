/** What Kubelink does when a server is away, has forgotten, or refuses it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subjects } from '@ringfence/contracts';
import { StartRefused } from '@ringfence/service-host';
import { eventually, freePort } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER, openObservedCluster } from './testing/observed-cluster.js';
import type { ObservedCluster } from './testing/observed-cluster.js';
import { makeWeb } from './testing/web-deployment.js';

let world: ObservedCluster;

beforeAll(async () => {
  world = await openObservedCluster();
});
afterEach(() => world.clear());
afterAll(() => world.close());

describe('Kubelink, while a server is away, has forgotten or refuses it', () => {
  it('sweeps what vanished while it could not watch, under a new epoch', async () => {
    const web = await makeWeb(world.api);
    const [stays, vanishes] = [await web.pod('stays'), await web.pod('vanishes')];
    await world.launch();
    await world.inSync();
    const epoch = world.latest('pod', stays)?.['epoch'];
    await new Promise((resolve) => setTimeout(resolve, 300));
    world.api.cluster
      .resource('pods')
      .remove({ namespace: 'default', name: vanishes }, { gracePeriodSeconds: 0 });
    world.api.faults.expireHistory();
    world.api.faults.breakOffWatches();
    await eventually(() => world.latest('pod', vanishes)?.['gone'] === true);
    await eventually(() =>
      world.markers().some((marker) => marker['of'] === 'pod' && marker['epoch'] !== epoch),
    );
    expect(world.latest('pod', stays)).toMatchObject({ gone: false });
    expect(world.latest('pod', stays)?.['epoch']).not.toBe(epoch);
  });

  it('tells everything again when it is asked to, and not as often as it is asked', async () => {
    const web = await makeWeb(world.api);
    const name = await web.pod('again');
    await world.launch();
    await world.inSync();
    const epoch = world.latest('pod', name)?.['epoch'];
    for (let i = 0; i < 20; i += 1) world.cache.send(subjects.relist(CLUSTER), {});
    const epochs = (): Set<unknown> => new Set(world.markers().map((marker) => marker['epoch']));
    await eventually(() => world.markers().length === 12);
    expect(world.latest('pod', name)?.['epoch']).not.toBe(epoch);
    // What is told after the questions was taken in after them: they have all been heard.
    const after = await web.pod('after');
    await eventually(() => world.latest('pod', after));
    expect(epochs().size).toBe(2);
  });

  it('loses nothing while NATS is away', async () => {
    await world.launch();
    await world.inSync();
    const web = await makeWeb(world.api);
    await world.nats.kill();
    const during = await web.pod('during');
    await world.nats.start();
    const after = await web.pod('after');
    await eventually(
      () => world.latest('pod', during) !== undefined && world.latest('pod', after) !== undefined,
    );
  });

  it('says in one sentence that the cluster does not know it, and ends', async () => {
    const process = await world.launch({ CLUSTER_TOKEN: 'wrong' });
    await expect(process.started).rejects.toBeInstanceOf(StartRefused);
    await expect(process.started).rejects.toThrow(
      `${world.clasUrl} refuses the cluster id or the cluster token: check CLUSTER_ID and CLUSTER_TOKEN`,
    );
    const other = await world.launch({ KUBECONFIG: join(world.directory, 'none') });
    await expect(other.started).rejects.toThrow(/none cannot be read/);
  });

  it('waits for an API server that is away, and says so', async () => {
    const away = world.api.kubeconfig.replace(
      /https:\/\/127\.0\.0\.1:\d+/,
      `https://127.0.0.1:${await freePort()}`,
    );
    writeFileSync(join(world.directory, 'away'), away);
    const process = await world.launch({ KUBECONFIG: join(world.directory, 'away') });
    await process.started;
    const { ready, missing } = process.health();
    expect(ready).toBe(false);
    expect(missing.join()).toMatch(/kubernetes: .*pods not listed yet/);
  });
});
