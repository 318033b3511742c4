import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { eventually } from '../api/testing/api-client.js';
import type { Job } from '../api/workload-kinds.js';
import { ControlledCluster, metadata, namespace, template } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('a Job', () => {
  const jobs = (): ReturnType<typeof cluster.resource<'jobs.batch'>> => cluster.resource('jobs.batch');
  const run = async (spec: Partial<Job['spec']>): Promise<void> => {
    await jobs().create({ metadata: metadata('work'), spec: { template: template('work'), ...spec } });
  };
  const ended = (type: string): Promise<Job> =>
    eventually(() => {
      const job = jobs().find(namespace, 'work');
      return job?.status?.conditions?.some((held) => held.type === type && held.status === 'True') && job;
    }, `job ${type}`);

  it('is complete when enough Pods have succeeded', async () => {
    world.kubelet.behaviour = 'succeed';
    await run({ completions: 3, parallelism: 2 });
    expect((await ended('Complete')).status).toMatchObject({ succeeded: 3, active: 0 });
  });

  it('has failed when too many Pods have', async () => {
    world.kubelet.behaviour = 'fail';
    await run({ backoffLimit: 2 });
    expect((await ended('Failed')).status).toMatchObject({ failed: 3 });
  });

  it('is cleared away after its time', async () => {
    world.kubelet.behaviour = 'succeed';
    await run({ ttlSecondsAfterFinished: 0 });
    await eventually(
      () => jobs().find(namespace, 'work') === undefined && world.podsOf('work').length === 0,
      'job cleared away',
    );
  });
});

describe('a CronJob', () => {
  it('starts a Job for the latest minute that was missed', async () => {
    const cronJobs = cluster.resource('cronjobs.batch');
    await cronJobs.create({
      metadata: metadata('tick'),
      spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template('tick') } } },
    });
    cronJobs.modifyStatus(metadata('tick'), (draft) => {
      draft.status = { lastScheduleTime: new Date(Date.now() - 180_000).toISOString() };
    });
    const [job] = await eventually(() => {
      const jobs = cluster.resource('jobs.batch').list(namespace);
      return jobs.length > 0 && jobs;
    }, 'a job');
    expect(job?.metadata.name).toBe(`tick-${Math.floor(Date.now() / 60_000)}`);
    expect(job?.metadata.ownerReferences?.[0]).toMatchObject({
      kind: 'CronJob',
      name: 'tick',
      controller: true,
    });
  });
});
