/**
 * Whom one container of a Pod calls: what is found in its environment, command and mounted files, and what the Pod's annotation adds. The
 * same for the stub on a node and for a simulated Pod. Pure: config maps and secrets are fetched beforehand.
 */
import { sandboxAnnotations } from '../kubelet/agent-config.js';
import {
  containerEnvironment,
  type Environment,
  type EnvironmentSources,
  expandReferences,
} from '../kubelet/environment.js';
import type { ContainerSpec, Pod, VolumeItems } from '../kube/kube-objects.js';
import { callTargets } from './call-targets.js';
import { KnownServices } from './known-services.js';
import { type CallTarget, targetOf } from './written-endpoints.js';

/** Throws when the container refers to something that does not exist. */
export function containerCalls(
  pod: Pod,
  container: ContainerSpec,
  sources: EnvironmentSources,
): CallTarget[] {
  const environment = containerEnvironment(pod, container, sources);
  const found = callTargets({
    environment: written(container, environment),
    texts: commandOf(container, { ...environment.injected, ...environment.declared }),
    files: mountedFiles(pod, container, sources.data),
    ownAddresses: [sources.podAddress, pod.metadata.name],
    services: new KnownServices(sources.services, pod),
  });
  return isFirst(pod, container) ? withGiven(found, givenCalls(pod)) : found;
}

/** What somebody wrote: a Pod's labels, its name and its node name no callee. */
function written(container: ContainerSpec, { declared }: Environment): Record<string, string> {
  const isField = new Set(
    (container.env ?? []).filter(({ valueFrom }) => valueFrom?.fieldRef).map(({ name }) => name),
  );
  return Object.fromEntries(Object.entries(declared).filter(([name]) => !isField.has(name)));
}

const commandOf = ({ command = [], args = [] }: ContainerSpec, variables: Record<string, string>): string[] =>
  [...command, ...args].map((text) => expandReferences(text, variables));

function mountedFiles(
  pod: Pod,
  container: ContainerSpec,
  data: EnvironmentSources['data'],
): { name: string; text: string }[] {
  return (container.volumeMounts ?? []).flatMap(({ name, subPath }) => {
    const volume = pod.spec.volumes?.find((candidate) => candidate.name === name);
    if (volume === undefined) return [];
    const files = [volume, ...(volume.projected?.sources ?? [])].flatMap(({ configMap, secret }) => [
      ...filesOf('configmap', configMap?.name, configMap, data),
      ...filesOf('secret', secret?.secretName ?? secret?.name, secret, data),
    ]);
    return files.filter((file) => subPath === undefined || file.name === subPath);
  });
}

function filesOf(
  kind: 'configmap' | 'secret',
  name: string | undefined,
  chosen: VolumeItems | undefined,
  data: EnvironmentSources['data'],
): { name: string; text: string }[] {
  const entries = Object.entries(data.get(`${kind}/${name ?? ''}`) ?? {});
  const { items } = chosen ?? {};
  return entries.flatMap(([key, text]) => {
    const path = items === undefined ? key : items.find((item) => item.key === key)?.path;
    return path === undefined ? [] : [{ name: path, text }];
  });
}

const isFirst = (pod: Pod, container: ContainerSpec): boolean =>
  pod.spec.containers[0]?.name === container.name;

/** `sandbox/calls: "api:8080 dns:53/udp"`. */
function givenCalls(pod: Pod): CallTarget[] {
  const words = (pod.metadata.annotations?.[sandboxAnnotations.calls] ?? '').split(/[\s,]+/);
  return words.flatMap((word) => {
    const [, host, port, protocol] = /^([^:/]+):(\d{1,5})(?:\/(tcp|udp))?$/.exec(word) ?? [];
    return host === undefined ? [] : targetOf(host, Number(port), protocol === 'udp' ? 'udp' : 'tcp');
  });
}

function withGiven(found: readonly CallTarget[], given: readonly CallTarget[]): CallTarget[] {
  const keyOf = ({ protocol, host, port }: CallTarget): string => `${protocol === 'udp'} ${host}:${port}`;
  const known = new Set(found.map(keyOf));
  return [...found, ...given.filter((target) => !known.has(keyOf(target)))];
}
