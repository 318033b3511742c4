/** What is kept of each object: small, plain, in one key order, so that two of them are equal when their JSON is. */
import type {
  Container,
  ControllerSpec,
  EndpointSliceBody,
  KubeObject,
  NodeSpec,
  NodeStatus,
  OwnerReference,
  PodSpec,
  PodStatus,
  ProbeTarget,
  ServiceSpec,
} from './objects.js';

type Text = Readonly<Record<string, string>>;
/** Kinds that own Pods and that we watch. */
export const CONTROLLER_KINDS: readonly string[] = [
  'Deployment',
  'DaemonSet',
  'StatefulSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'DeploymentConfig',
];
const PREFIXES = ['com.illumio.', 'ringfence.io/'];
/** IP protocol numbers of Kubernetes' words. */
const PROTOCOLS: Readonly<Record<string, number>> = { TCP: 6, UDP: 17, SCTP: 132 };
const TCP = 6;
/** NUL, and halves of surrogate pairs: what the contracts' `Text` refuses. */
const UNUSABLE = /[\0\uD800-\uDFFF]/u;
const LONGEST_NAME = 253;
/** Ours, the older name, and the one of the guide's example output. */
const GATES = ['ringfence.io/policy-ready', 'com.illumio.policy-ready', 'illumio.com/policy-ready'];
const SERVICE_TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

interface Named {
  readonly resourceVersion: string;
  readonly name: string;
  readonly labels: Text;
  readonly annotations: Text;
}
export interface Owner {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
}
export type NamespaceFacts = Named;
export interface NodeFacts extends Omit<Named, 'annotations'> {
  readonly machineId: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly containerRuntime: string;
}
/** `labels` and `annotations` are those of the Pod template. */
export interface ControllerFacts extends Named {
  readonly kind: string;
  readonly namespace: string;
  readonly controller: Owner | null;
}
interface PodPort {
  readonly proto: number;
  readonly port: number;
}
export interface PodFacts extends Named {
  readonly namespace: string;
  readonly controller: Owner | null;
  readonly node: string | null;
  readonly hostNetwork: boolean;
  readonly phase: string;
  readonly addresses: readonly string[];
  readonly namedPorts: readonly (PodPort & { readonly name: string })[];
  readonly probePorts: readonly PodPort[];
  readonly readinessGates: readonly string[];
}
interface ServicePortFacts extends PodPort {
  readonly name: string;
  readonly nodePort: number | null;
  /** null: by a name, which the Pods know. */
  readonly targetPort?: number | null;
}
export interface ServiceFacts extends Named {
  readonly namespace: string;
  readonly type: (typeof SERVICE_TYPES)[number];
  readonly clusterIps: readonly string[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local' | null;
  readonly selector: Text;
  readonly ports: readonly ServicePortFacts[];
}
export interface SliceFacts {
  readonly resourceVersion: string;
  readonly namespace: string;
  /** Name of the Service. */
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly proto: number; readonly port: number }[];
  readonly endpoints: readonly { readonly address: string; readonly podUid: string | null }[];
}

export function namespaceFacts(object: KubeObject): NamespaceFacts {
  return named(object);
}

export function nodeFacts(object: KubeObject): NodeFacts {
  const { annotations: _, ...rest } = named(object);
  const spec = (object.spec ?? {}) as NodeSpec;
  const status = (object.status ?? {}) as NodeStatus;
  const addresses = (status.addresses ?? []).filter(
    ({ type }) => type === 'InternalIP' || type === 'ExternalIP',
  );
  return {
    ...rest,
    machineId: status.nodeInfo?.machineID ?? '',
    addresses: [
      ...new Set(addresses.flatMap(({ address }) => (address === undefined ? [] : [address]))),
    ].sort(),
    podCidrs: [...(spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]))],
    containerRuntime: status.nodeInfo?.containerRuntimeVersion ?? '',
  };
}

/** `kind` is not in the items of a list, so the caller says it. */
export function controllerFacts(kind: string): (object: KubeObject) => ControllerFacts {
  return (object) => {
    const spec = (object.spec ?? {}) as ControllerSpec;
    const template = spec.template ?? spec.jobTemplate?.spec?.template;
    return {
      ...named(object),
      labels: sorted(template?.metadata?.labels),
      annotations: ours(template?.metadata?.annotations),
      kind,
      namespace: object.metadata.namespace ?? '',
      controller: controllerOf(object),
    };
  };
}

export function podFacts(object: KubeObject): PodFacts {
  const spec = (object.spec ?? {}) as PodSpec;
  const status = (object.status ?? {}) as PodStatus;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return {
    ...named(object),
    namespace: object.metadata.namespace ?? '',
    controller: controllerOf(object),
    node: spec.nodeName ?? null,
    hostNetwork: spec.hostNetwork === true,
    phase: status.phase ?? 'Unknown',
    addresses: podAddresses(status),
    namedPorts: distinct(containers.flatMap(namedPorts)),
    probePorts: distinct(containers.flatMap(probePorts)),
    readinessGates: (spec.readinessGates ?? [])
      .map((gate) => gate.conditionType ?? '')
      .filter((type) => GATES.includes(type)),
  };
}

function podAddresses({ podIPs, podIP }: PodStatus): string[] {
  const addresses = podIPs?.map(({ ip }) => ip) ?? [podIP];
  return addresses.flatMap((address) => (address === undefined || address === '' ? [] : [address]));
}

export function serviceFacts(object: KubeObject): ServiceFacts {
  const spec = (object.spec ?? {}) as ServiceSpec;
  const clusterIps = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  const policy = spec.externalTrafficPolicy;
  return {
    ...named(object),
    namespace: object.metadata.namespace ?? '',
    type: SERVICE_TYPES.find((type) => type === spec.type) ?? 'ClusterIP',
    clusterIps: clusterIps.filter((address) => address !== '' && address !== 'None'),
    externalTrafficPolicy: policy === 'Cluster' || policy === 'Local' ? policy : null,
    selector: sorted(spec.selector),
    ports: (spec.ports ?? []).map((port) => ({
      name: port.name ?? '',
      proto: protocol(port.protocol),
      port: port.port ?? 0,
      nodePort: port.nodePort ?? null,
      targetPort: typeof port.targetPort === 'string' ? null : (port.targetPort ?? port.port ?? null),
    })),
  };
}

/** Undefined: a slice of no Service, or one of names: no address is known by it, and a name among addresses would be refused with them all. */
export function sliceFacts(object: KubeObject): SliceFacts | undefined {
  const service = object.metadata.labels?.['kubernetes.io/service-name'];
  const slice = object as KubeObject & EndpointSliceBody;
  if (service === undefined || slice.addressType === 'FQDN') return undefined;
  return {
    resourceVersion: object.metadata.resourceVersion,
    namespace: object.metadata.namespace ?? '',
    service,
    ports: (slice.ports ?? []).flatMap(({ name, protocol: proto, port }) =>
      port === undefined ? [] : [{ name: name ?? '', proto: protocol(proto), port }],
    ),
    // Unready and ending backends too: they get probes, and connections that are still open.
    endpoints: (slice.endpoints ?? []).flatMap(({ addresses, targetRef }) =>
      (addresses ?? []).map((address) => ({
        address,
        podUid: targetRef?.kind === 'Pod' ? (targetRef.uid ?? null) : null,
      })),
    ),
  };
}

function named({ metadata }: KubeObject): Named {
  return {
    resourceVersion: metadata.resourceVersion,
    name: metadata.name,
    labels: sorted(metadata.labels),
    annotations: ours(metadata.annotations),
  };
}

/** Kubernetes looks at nothing in a reference but that it is not empty. One that no object can bear refers to nobody. */
function controllerOf({ metadata }: KubeObject): Owner | null {
  const owner: OwnerReference | undefined = metadata.ownerReferences?.find(
    (reference) => reference.controller === true,
  );
  if (owner === undefined) return null;
  const { uid, kind, name } = owner;
  return [uid, kind, name].every(isName) ? { uid, kind, name } : null;
}

const isName = (text: string): boolean => text.length <= LONGEST_NAME && !UNUSABLE.test(text);

function namedPorts({ ports }: Container): (PodPort & { name: string })[] {
  return (ports ?? []).flatMap(({ name, containerPort, protocol: proto }) =>
    name === undefined || containerPort === undefined
      ? []
      : [{ name, proto: protocol(proto), port: containerPort }],
  );
}

/** Where the node's kubelet knocks: probes and hooks of HTTP, TCP and gRPC. A probe of another host is none of this Pod. */
function probePorts(container: Container): PodPort[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const targets: (ProbeTarget | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return targets.flatMap((target) => {
    const number = target === undefined ? undefined : probedPort(target, container);
    return number === undefined ? [] : [{ proto: TCP, port: number }];
  });
}

function probedPort(target: ProbeTarget, container: Container): number | undefined {
  const probe: { readonly port?: number | string; readonly host?: string } | undefined =
    target.httpGet ?? target.tcpSocket ?? target.grpc;
  if (probe?.port === undefined) return undefined;
  const isOfThisPod = probe.host === undefined || probe.host === '';
  return isOfThisPod ? portNumber(probe.port, container) : undefined;
}

function portNumber(port: number | string, { ports }: Container): number | undefined {
  if (typeof port === 'number') return port;
  const byName = ports?.find((declared) => declared.name === port)?.containerPort;
  if (byName !== undefined) return byName;
  return /^\d{1,5}$/.test(port) ? Number(port) : undefined;
}

function protocol(word: string | undefined): number {
  return PROTOCOLS[word ?? 'TCP'] ?? TCP;
}

function distinct<T>(items: readonly T[]): T[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function sorted(map: Text | undefined): Text {
  return Object.fromEntries(Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Annotations can be as large as the object; only those that mean something to us are kept. Kubernetes takes any characters in
 * them: one that nobody here could store is left out, so that it does not take the object with it.
 */
function ours(map: Text | undefined): Text {
  const entries = Object.entries(map ?? {}).filter(
    ([key, value]) => PREFIXES.some((prefix) => key.startsWith(prefix)) && !UNUSABLE.test(value),
  );
  return sorted(Object.fromEntries(entries));
}
