/** Starts the controllers of the sandbox cluster on a cluster of the same process, and stops them together. */
import type { Cluster } from '../api/cluster.js';
import { DeploymentController } from './deployment.controller.js';
import { ReplicaSetController } from './replica-set.controller.js';
import { SchedulerController } from './scheduler.controller.js';

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
    new SchedulerController(cluster),
  ];
  return {
    close: async () => {
      await Promise.all(controllers.map((controller) => controller.close()));
    },
  };
}
