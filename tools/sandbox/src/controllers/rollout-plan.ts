/** How many replicas each ReplicaSet of a Deployment should have next. Pure; called again after every change until it is empty. */
import type { Deployment, ReplicaSet } from '../api/workload-kinds.js';
import { shareOf } from './pod-state.js';

export interface RolloutState {
  deployment: Deployment;
  current: ReplicaSet;
  old: readonly ReplicaSet[];
  /** Whether any Pod of the old sets still exists, terminating ones included. */
  hasOldPods: boolean;
}

export interface Scaling {
  set: ReplicaSet;
  replicas: number;
}

export function planRollout(state: RolloutState): Scaling[] {
  const { deployment, current } = state;
  if (deployment.spec.strategy?.type === 'Recreate') return recreate(state);
  if (deployment.spec.paused === true) return scaled([{ set: current, replicas: deployment.spec.replicas }]);
  return scaled([growth(state), ...shrinkage(state)]);
}

function recreate({ deployment, current, old, hasOldPods }: RolloutState): Scaling[] {
  const stops = scaled(old.map((set) => ({ set, replicas: 0 })));
  if (stops.length > 0 || hasOldPods) return stops;
  return scaled([{ set: current, replicas: deployment.spec.replicas }]);
}

function growth({ deployment, current, old }: RolloutState): Scaling {
  const { replicas } = deployment.spec;
  const { surge } = limitsOf(deployment);
  const wanted = current.spec.replicas;
  if (wanted >= replicas) return { set: current, replicas };
  const total = wanted + sum(old.map((set) => set.spec.replicas));
  const room = Math.max(0, replicas + surge - total);
  return { set: current, replicas: wanted + Math.min(replicas - wanted, room) };
}

/** Old replicas go as far as enough Pods stay available: first those that are not available anyway, oldest set first. */
function shrinkage({ deployment, current, old }: RolloutState): Scaling[] {
  const { unavailable } = limitsOf(deployment);
  const minAvailable = deployment.spec.replicas - unavailable;
  const currentAvailable = available(current);
  const total = current.spec.replicas + sum(old.map((set) => set.spec.replicas));
  let unhealthyRoom = Math.max(0, total - minAvailable - (current.spec.replicas - currentAvailable));
  let healthyRoom = Math.max(0, currentAvailable + sum(old.map(available)) - minAvailable);
  return old.map((set) => {
    const unhealthy = Math.min(unhealthyRoom, Math.max(0, set.spec.replicas - available(set)));
    unhealthyRoom -= unhealthy;
    const healthy = Math.min(healthyRoom, unhealthyRoom, set.spec.replicas - unhealthy);
    healthyRoom -= healthy;
    unhealthyRoom -= healthy;
    return { set, replicas: set.spec.replicas - unhealthy - healthy };
  });
}

function limitsOf({ spec }: Deployment): { surge: number; unavailable: number } {
  const surge = shareOf(spec.strategy?.rollingUpdate?.maxSurge, spec.replicas, Math.ceil);
  const unavailable = shareOf(spec.strategy?.rollingUpdate?.maxUnavailable, spec.replicas, Math.floor);
  // Both at zero would never move; Kubernetes then allows one to be unavailable.
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function available(set: ReplicaSet): number {
  return Math.min(set.status?.availableReplicas ?? 0, set.spec.replicas);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function scaled(scalings: readonly Scaling[]): Scaling[] {
  return scalings.filter(({ set, replicas }) => set.spec.replicas !== replicas);
}
