/** The status of a Deployment, reckoned from its ReplicaSets; `kubectl rollout status` reads nothing else. */
import type { Condition } from '../api/kube-object.js';
import type { Deployment, ReplicaSet } from '../api/workload-kinds.js';
import { shareOf, withCondition } from './pod-state.js';

export interface DeploymentFacts {
  current: ReplicaSet | undefined;
  sets: readonly ReplicaSet[];
  before: Deployment['status'];
  now: Date;
}

export function deploymentStatus(
  deployment: Deployment,
  facts: DeploymentFacts,
): NonNullable<Deployment['status']> {
  const { current, sets, before, now } = facts;
  const total = (read: (status: NonNullable<ReplicaSet['status']>) => number | undefined): number =>
    sets.reduce((sum, { status }) => sum + ((status && read(status)) ?? 0), 0);
  const counts = {
    replicas: total((status) => status.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total((status) => status.readyReplicas),
    availableReplicas: total((status) => status.availableReplicas),
  };
  const unavailableReplicas = Math.max(0, deployment.spec.replicas - counts.availableReplicas);
  const conditions = [
    availability(deployment, counts.availableReplicas),
    progress(deployment, current, counts),
  ];
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...counts,
    ...(unavailableReplicas > 0 ? { unavailableReplicas } : {}),
    conditions: conditions.reduce((all, next) => withCondition(all, next, now), before?.conditions ?? []),
  };
}

function availability(deployment: Deployment, availableReplicas: number): Condition {
  const { replicas, strategy } = deployment.spec;
  const needed = replicas - shareOf(strategy?.rollingUpdate?.maxUnavailable, replicas, Math.floor);
  return availableReplicas >= needed
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progress(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  counts: { replicas: number; updatedReplicas: number; availableReplicas: number },
): Condition {
  const { replicas } = deployment.spec;
  const name = current?.metadata.name ?? '';
  const isComplete =
    counts.updatedReplicas === replicas &&
    counts.replicas === replicas &&
    counts.availableReplicas >= replicas;
  return isComplete
    ? {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${name}" has successfully progressed.`,
      }
    : {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        message: `ReplicaSet "${name}" is progressing.`,
      };
}
