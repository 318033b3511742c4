/**
 * The endpoints of a Service, reckoned from the Pods it selects: which addresses on which ports, and whether each is ready,
 * serving or terminating. Pure; writing them down is the controller's business.
 */
import { jsonOf } from '../api/json.js';
import type { JsonObject } from '../api/json.js';
import type { Pod, Service, ServicePort } from '../api/kube-object.js';
import { isEnded, isPodReady, isTerminating } from './pod-state.js';

const endpointsPerSlice = 100;

interface EndpointPort {
  name: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

/** Pods that serve the same numbers: named target ports may mean a different number in each Pod. */
export interface PortGroup {
  ports: EndpointPort[];
  members: Member[];
}

interface Member {
  pod: Pod;
  isReady: boolean;
  isTerminating: boolean;
  hostname: string | undefined;
}

export interface SliceContent {
  index: number;
  addressType: 'IPv4' | 'IPv6';
  endpoints: JsonObject[];
  ports: JsonObject[];
}

export function portGroups(service: Service, pods: readonly Pod[]): PortGroup[] {
  const groups = new Map<string, PortGroup>();
  const sorted = [...pods].sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  for (const pod of sorted) {
    if (!pod.status?.podIP || isEnded(pod)) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, members: [] };
    group.members.push(memberOf(service, pod));
    groups.set(key, group);
  }
  return [...groups.values()];
}

function memberOf(service: Service, pod: Pod): Member {
  const publishes = service.spec.publishNotReadyAddresses === true;
  const isNamed = pod.spec.hostname !== undefined && pod.spec.subdomain === service.metadata.name;
  return {
    pod,
    isReady: publishes || isPodReady(pod),
    isTerminating: isTerminating(pod),
    hostname: isNamed ? pod.spec.hostname : undefined,
  };
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((servicePort) => {
    const port = targetNumber(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetNumber({ targetPort, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort !== 'string') return targetPort ?? port;
  if (/^\d+$/.test(targetPort)) return Number(targetPort);
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return declared.find(
    (candidate) => candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol,
  )?.containerPort;
}

/** Endpoints know no terminating addresses: those are simply left out, unless the Service wants every address. */
export function subsetsOf(groups: readonly PortGroup[]): JsonObject[] {
  return groups.flatMap(({ ports, members }) => {
    const listed = members.filter((member) => !member.isTerminating);
    const ready = listed.filter((member) => member.isReady).map(addressOf);
    const notReady = listed.filter((member) => !member.isReady).map(addressOf);
    if (ready.length + notReady.length === 0) return [];
    return [
      {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ports: ports.map(({ name, ...port }) => ({ ...(name === '' ? {} : { name }), ...port })),
      },
    ];
  });
}

function addressOf({ pod, hostname }: Member): JsonObject {
  const { nodeName } = pod.spec;
  return {
    ip: pod.status?.podIP ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: referenceTo(pod),
  };
}

/** A Service without Pods still has one slice: its absence would mean that nobody has looked yet. */
export function slicesOf(groups: readonly PortGroup[]): SliceContent[] {
  const addressType = 'IPv4';
  if (groups.length === 0) return [{ index: 0, addressType, endpoints: [], ports: [] }];
  return groups.flatMap(({ ports, members }) => {
    return pagesOf(members).map((page, index) => ({
      index,
      addressType,
      endpoints: page.map(endpointOf),
      ports: ports.map(jsonOf),
    }));
  });
}

/** As many as one slice holds each. */
export function pagesOf<Each>(all: readonly Each[]): Each[][] {
  return Array.from({ length: Math.ceil(all.length / endpointsPerSlice) }, (_, page) =>
    all.slice(page * endpointsPerSlice, (page + 1) * endpointsPerSlice),
  );
}

function endpointOf({ pod, isReady, isTerminating: isLeaving, hostname }: Member): JsonObject {
  const { nodeName } = pod.spec;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: isReady && !isLeaving, serving: isReady, terminating: isLeaving },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: referenceTo(pod),
  };
}

function referenceTo(pod: Pod): JsonObject {
  return {
    kind: 'Pod',
    namespace: pod.metadata.namespace ?? 'default',
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
  };
}
