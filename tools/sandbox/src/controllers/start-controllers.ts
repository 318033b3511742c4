/** Starts the controllers of the sandbox cluster on a cluster of the same process, and stops them together. */
import type { Cluster } from '../api/cluster.js';
import { CronJobController } from './cron-job.controller.js';
import { DaemonSetController } from './daemon-set.controller.js';
import { DeploymentController } from './deployment.controller.js';
import { EndpointsController } from './endpoints.controller.js';
import { EndpointsMirrorController } from './endpoints-mirror.controller.js';
import { EventRetentionController } from './event-retention.controller.js';
import { GarbageController } from './garbage.controller.js';
import { JobController } from './job.controller.js';
import { LostPodsController } from './lost-pods.controller.js';
import { NamespaceController } from './namespace.controller.js';
import { ReplicaSetController } from './replica-set.controller.js';
import { NoEffectController } from './no-effect.controller.js';
import { RoleAggregationController } from './role-aggregation.controller.js';
import { SchedulerController } from './scheduler.controller.js';
import { StatefulSetController } from './stateful-set.controller.js';
import { VolumeClaimController } from './volume-claim.controller.js';

export interface Controllers {
  /** Resolves when the last piece of work under way is done. */
  close(): Promise<void>;
}

export async function startControllers(options: { cluster: Cluster }): Promise<Controllers> {
  const { cluster } = options;
  const controllers = [
    new DeploymentController(cluster),
    new ReplicaSetController(cluster, 'replicasets.apps'),
    new ReplicaSetController(cluster, 'replicationcontrollers'),
    new DaemonSetController(cluster),
    new StatefulSetController(cluster),
    new JobController(cluster),
    new CronJobController(cluster),
    new SchedulerController(cluster),
    new EndpointsController(cluster),
    new EndpointsMirrorController(cluster),
    new VolumeClaimController(cluster),
    new NamespaceController(cluster),
    new GarbageController(cluster),
    new LostPodsController(cluster),
    new RoleAggregationController(cluster),
    new EventRetentionController(cluster),
    new NoEffectController(cluster),
  ];
  return {
    close: async () => {
      await Promise.all(controllers.map((controller) => controller.close()));
    },
  };
}
