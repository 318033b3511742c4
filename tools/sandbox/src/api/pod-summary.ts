/** One-word summaries of a Pod's state, the way `kubectl get pods` words them. */
import { isJsonObject, listAt, valueAt } from './json.js';
import type { JsonObject } from './json.js';
import type { KubeObject } from './kube-object.js';

export function readyContainers(pod: KubeObject): string {
  const ready = listAt(pod, 'status.containerStatuses').filter((status) => status['ready'] === true).length;
  return `${ready}/${listAt(pod, 'spec.containers').length}`;
}

export function restartCount(pod: KubeObject): number {
  return listAt(pod, 'status.containerStatuses').reduce(
    (sum, status) => sum + Number(status['restartCount'] ?? 0),
    0,
  );
}

/** How many of its readiness gates are open. */
export function openGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec.readinessGates').map(({ conditionType }) => conditionType);
  const open = listAt(pod, 'status.conditions').filter(
    ({ type, status }) => status === 'True' && gates.includes(type),
  );
  return gates.length === 0 ? '<none>' : `${open.length}/${gates.length}`;
}

export function podReason(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const initial = initReason(pod);
  if (initial !== undefined) return initial;
  const waiting = listAt(pod, 'status.containerStatuses')
    .map(containerReason)
    .find((reason) => reason !== undefined);
  const phase = String(valueAt(pod, 'status.reason') ?? valueAt(pod, 'status.phase') ?? 'Unknown');
  return waiting !== undefined && phase !== 'Succeeded'
    ? waiting
    : phase === 'Succeeded'
      ? 'Completed'
      : phase;
}

function initReason(pod: KubeObject): string | undefined {
  const statuses = listAt(pod, 'status.initContainerStatuses');
  const unfinished = statuses.findIndex((status) => valueAt(status, 'state.terminated.exitCode') !== 0);
  if (
    unfinished < 0 ||
    listAt(pod, 'status.containerStatuses').some((status) => isJsonObject(valueAt(status, 'state.running')))
  )
    return undefined;
  return `Init:${unfinished}/${listAt(pod, 'spec.initContainers').length}`;
}

function containerReason(status: JsonObject): string | undefined {
  const waiting = valueAt(status, 'state.waiting.reason');
  if (typeof waiting === 'string') return waiting;
  const ended = valueAt(status, 'state.terminated.reason');
  return typeof ended === 'string' ? ended : undefined;
}
