/**
 * A Pod in the runtime interface's words: the sandbox's configuration, and each container's as the stub that stands in for it. Pure.
 * Volumes, resources and security settings are left out: the stub needs none of them.
 */
import type { CallTarget } from '../calls/written-endpoints.js';
import type { ContainerConfig, NamespaceOptions, PodSandboxConfig } from '../cri/cri.client.js';
import { clusterDomain } from '../dns/zone.js';
import type { ContainerSpec, Pod } from '../kube/kube-objects.js';
import { sandboxAnnotations, type AgentConfig } from './agent-config.js';
import type { Environment } from './environment.js';

/** The labels that every kubelet puts on what it creates, and by which runtimes' users find Pods. */
export const runtimeLabels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

const stubProgram = '/bin/stub';
const expectedMount = '/run/expected';
const jobRunMs = 3_000;
const initTryMs = 8_000;
const keepVariable = 'RINGFENCE_STUB_KEEP';

export type ContainerRole = 'main' | 'init' | 'sidecar';

export function podSandboxConfig(pod: Pod, attempt: number, config: AgentConfig): PodSandboxConfig {
  const { name, namespace = 'default', uid } = pod.metadata;
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: pod.spec.hostNetwork === true ? '' : (pod.spec.hostname ?? name).slice(0, 63),
    log_directory: podLogFolder(pod, config),
    dns_config: dnsConfig(pod, config.nameServer),
    labels: { ...pod.metadata.labels, ...podLabels(pod) },
    annotations: { ...pod.metadata.annotations },
    linux: {
      cgroup_parent: `/${config.cgroup}/${config.nodeName}/pod${uid}`,
      security_context: { namespace_options: namespaces(pod) },
    },
  };
}

export const podLogFolder = (pod: Pod, config: Pick<AgentConfig, 'logFolder'>): string =>
  `${config.logFolder}/${pod.metadata.namespace ?? 'default'}_${pod.metadata.name}_${pod.metadata.uid}`;

export interface StubContainer {
  spec: ContainerSpec;
  role: ContainerRole;
  attempt: number;
  environment: Environment;
  calls: readonly CallTarget[];
  /** Where the stub is told on which ports to listen. */
  expectedFolder: string;
}

export function containerConfig(pod: Pod, container: StubContainer, config: AgentConfig): ContainerConfig {
  const { spec, attempt, environment } = container;
  return {
    metadata: { name: spec.name, attempt },
    image: { image: config.image },
    command: [stubProgram],
    args: stubArguments(pod, container),
    envs: Object.entries({ ...environment.injected, ...environment.declared }).map(([key, value]) => ({
      key,
      value,
    })),
    labels: { ...podLabels(pod), [runtimeLabels.containerName]: spec.name },
    annotations: { 'io.kubernetes.container.restartCount': String(attempt) },
    log_path: `${spec.name}/${attempt}.log`,
    mounts: [{ container_path: expectedMount, host_path: container.expectedFolder, readonly: true }],
    linux: { security_context: { namespace_options: namespaces(pod) } },
  };
}

function stubArguments(pod: Pod, { role, environment, calls }: StubContainer): string[] {
  const isKept = ['1', 'true'].includes(environment.declared[keepVariable] ?? '');
  return [
    ...['--pod', pod.metadata.name],
    ...endArguments(pod, role),
    ...(isKept ? ['--keep'] : []),
    ...(role === 'init' ? [] : ['--listen-file', `${expectedMount}/listen`]),
    ...calls.flatMap(({ protocol, host, port }) => ['--call', `${protocol}:${host}:${port}`]),
  ];
}

function endArguments(pod: Pod, role: ContainerRole): string[] {
  // The bound is for an init container whose calls hang: it may delay its Pod, not keep it for ever.
  if (role === 'init') return ['--once', '--exit-after-ms', String(initTryMs)];
  if (role === 'sidecar') return [];
  const exitAfterMs = pod.metadata.annotations?.[sandboxAnnotations.exitAfterMs];
  const exitCode = pod.metadata.annotations?.[sandboxAnnotations.exitCode] ?? '0';
  if (exitAfterMs !== undefined) return ['--exit-after-ms', exitAfterMs, '--exit-code', exitCode];
  const isJob = pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
  return isJob ? ['--exit-after-ms', String(jobRunMs), '--exit-code', exitCode] : [];
}

function podLabels(pod: Pod): Record<string, string> {
  return {
    [runtimeLabels.podName]: pod.metadata.name,
    [runtimeLabels.podNamespace]: pod.metadata.namespace ?? 'default',
    [runtimeLabels.podUid]: pod.metadata.uid,
  };
}

function namespaces(pod: Pod): NamespaceOptions {
  return { network: pod.spec.hostNetwork === true ? 'NODE' : 'POD', pid: 'CONTAINER', ipc: 'POD' };
}

type DnsConfig = NonNullable<PodSandboxConfig['dns_config']>;

const noDns: DnsConfig = { servers: [], searches: [], options: [] };

/** Nothing for a Pod that uses its node's names: the runtime then copies the machine's own configuration. */
function dnsConfig(pod: Pod, nameServer: string): DnsConfig | undefined {
  const { dnsPolicy = 'ClusterFirst', hostNetwork = false } = pod.spec;
  const usesCluster =
    dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  if (!usesCluster && dnsPolicy !== 'None') return undefined;
  const base = usesCluster ? clusterDns(pod, nameServer) : noDns;
  const own = ownDns(pod);
  return {
    servers: [...base.servers, ...own.servers],
    searches: [...base.searches, ...own.searches],
    options: [...base.options, ...own.options],
  };
}

function ownDns({ spec: { dnsConfig: own = {} } }: Pod): DnsConfig {
  const options = (own.options ?? []).map(({ name, value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  return { servers: own.nameservers ?? [], searches: own.searches ?? [], options };
}

function clusterDns(pod: Pod, nameServer: string): DnsConfig {
  const namespace = pod.metadata.namespace ?? 'default';
  return {
    servers: [nameServer],
    searches: [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain],
    options: ['ndots:5'],
  };
}
