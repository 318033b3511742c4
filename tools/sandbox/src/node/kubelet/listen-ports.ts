/**
 * Where the stub of a container listens: wherever anything expects an answer of its Pod. A port has one listener: the container that
 * declares it, else the one whose probe or hook asks for it, else, for a Service's target, the Pod's first. Pure.
 */
import type { ContainerSpec, Hook, Pod, Service } from '../kube/kube-objects.js';
import { sandboxAnnotations } from './agent-config.js';

type Ports = readonly string[];
/** Each `tcp:8080` or `udp:53`. */
export function listenPorts(pod: Pod, container: ContainerSpec, services: readonly Service[]): string[] {
  const containers = longRunning(pod);
  const claims = [
    ...containers.map((spec) => ({ spec, ports: declaredPorts(spec) })),
    ...containers.map((spec) => ({ spec, ports: askedPorts(spec) })),
    ...pod.spec.containers
      .slice(0, 1)
      .map((spec) => ({ spec, ports: targetPorts(pod, containers, services) })),
  ];
  const listeners = new Map<string, string>();
  for (const { spec, ports } of claims)
    for (const port of ports) if (!listeners.has(port)) listeners.set(port, spec.name);
  // The name server's own process answers there.
  if (pod.metadata.annotations?.[sandboxAnnotations.program] === 'dns')
    for (const port of ['tcp:53', 'udp:53']) listeners.delete(port);
  return [...listeners].filter(([, name]) => name === container.name).map(([port]) => port);
}

function longRunning({ spec }: Pod): ContainerSpec[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...spec.containers];
}

function declaredPorts({ ports = [] }: ContainerSpec): Ports {
  return ports.flatMap(({ containerPort, protocol }) => portOf(containerPort, protocol));
}

function askedPorts(spec: ContainerSpec): Ports {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle = {} } = spec;
  const actions: (Hook | undefined)[] = [livenessProbe, readinessProbe, startupProbe];
  return [...actions, lifecycle.postStart, lifecycle.preStop].flatMap((action = {}) => {
    const { httpGet, tcpSocket, grpc } = action;
    const port = (httpGet ?? tcpSocket ?? grpc)?.port;
    return port === undefined ? [] : numberOf(port, [spec]).flatMap((number) => portOf(number));
  });
}

function targetPorts(pod: Pod, containers: readonly ContainerSpec[], services: readonly Service[]): Ports {
  return services
    .filter((service) => selects(service, pod))
    .flatMap(({ spec }) => spec.ports ?? [])
    .flatMap(({ port, targetPort = port, protocol }) =>
      numberOf(targetPort, containers).flatMap((number) => portOf(number, protocol)),
    );
}

function selects({ metadata, spec: { selector = {} } }: Service, pod: Pod): boolean {
  // Asked of every Service for every Pod with each change: most are elsewhere.
  if (metadata.namespace !== pod.metadata.namespace) return false;
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** A name means what a container declares by it; one that nobody declares means nothing. */
function numberOf(port: number | string, containers: readonly ContainerSpec[]): number[] {
  if (typeof port === 'number') return [port];
  const declared = containers.flatMap(({ ports = [] }) => ports).filter(({ name }) => name === port);
  return declared.map(({ containerPort }) => containerPort);
}

function portOf(port: number, protocol = 'TCP'): Ports {
  return protocol === 'SCTP' ? [] : [`${protocol.toLowerCase()}:${port}`];
}
