/** Whether disruption budgets allow one more eviction of a Pod, reckoned from the Pods as they stand. */
import type { Cluster } from './cluster.js';
import { listAt, valueAt } from './json.js';
import type { KubeObject, LabelSelector } from './kube-object.js';
import { matchesSelector } from './selector.js';
import { StatusError } from './status-error.js';

export function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status.conditions').some(({ type, status }) => type === 'Ready' && status === 'True');
}

export function budgetRefusal(cluster: Cluster, pod: KubeObject): StatusError | undefined {
  const { namespace } = pod.metadata;
  for (const budget of cluster.store.collection('poddisruptionbudgets.policy').values(namespace)) {
    const selector = valueAt(budget, 'spec.selector') as LabelSelector | undefined;
    if (selector === undefined || !matchesSelector(pod.metadata.labels, selector)) continue;
    const covered = [...cluster.store.collection('pods').values(namespace)].filter((other) =>
      matchesSelector(other.metadata.labels, selector),
    );
    const healthy = covered.filter(
      (other) => isReady(other) && other.metadata.deletionTimestamp === undefined,
    ).length;
    const needed = requiredHealthy(budget, covered.length);
    if (!isReady(pod) || healthy - 1 >= needed) continue;
    const causes = [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`,
      },
    ];
    return new StatusError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      { causes },
    );
  }
  return undefined;
}

function requiredHealthy(budget: KubeObject, total: number): number {
  const maxUnavailable = valueAt(budget, 'spec.maxUnavailable');
  if (maxUnavailable !== undefined) return total - shareOf(maxUnavailable, total);
  return shareOf(valueAt(budget, 'spec.minAvailable') ?? 1, total);
}

function shareOf(value: unknown, total: number): number {
  if (typeof value === 'number') return value;
  return Math.ceil((Number.parseInt(String(value), 10) / 100) * total);
}
