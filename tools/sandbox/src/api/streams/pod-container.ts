/** Which container of a Pod a request is about, and whether it runs. The answers are worded as a kubelet's. */
import type { ContainerStatus, Pod } from '../kube-object.js';
import { badRequest } from '../status-error.js';

/** The one that is asked for, or the only one. */
export function containerName(pod: Pod, asked: string | null): string {
  const names = pod.spec.containers.map(({ name }) => name);
  const all = [...names, ...(pod.spec.initContainers ?? []).map(({ name }) => name)];
  if (asked !== null && asked !== '') {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  if (names.length === 1) return names[0] as string;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
  );
}

export function containerStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name);
}

export interface RunningContainer {
  node: string;
  containerId: string;
}

export function runningContainer(pod: Pod, name: string): RunningContainer {
  const { phase = 'Pending' } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed')
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  const { containerID = '', state } = containerStatus(pod, name) ?? {};
  if (state?.running === undefined) throw badRequest(`container not found ("${name}"): it does not run`);
  return { node: pod.spec.nodeName ?? '', containerId: containerID.replace(/^.*:\/\//, '') };
}

/** All containers of a Pod share its network: any that runs will do. */
export function forwardingContainer(pod: Pod): RunningContainer {
  const running = pod.spec.containers.find(({ name }) => containerStatus(pod, name)?.state?.running);
  if (running !== undefined) return runningContainer(pod, running.name);
  const { phase = 'Pending' } = pod.status ?? {};
  throw badRequest(`unable to forward port because pod is not running. Current status=${phase}`);
}
