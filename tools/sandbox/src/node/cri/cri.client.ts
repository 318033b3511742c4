/**
 * The runtime interface of one node's containerd, as promises: sandboxes, containers and their states.
 * It decides nothing (the pod worker does) and never retries: every call has a deadline and fails with gRPC's own code.
 */
import { loadProto, openStub } from '@ringfence/cri';
import type { GrpcStub } from '@ringfence/cri';

export interface PodSandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  log_directory: string;
  dns_config?: { servers: string[]; searches: string[]; options: string[] };
  labels: Record<string, string>;
  annotations: Record<string, string>;
  linux: { cgroup_parent: string; security_context: { namespace_options: NamespaceOptions } };
}

export interface NamespaceOptions {
  network: 'POD' | 'NODE';
  pid: 'POD' | 'CONTAINER' | 'NODE';
  ipc: 'POD' | 'NODE';
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  image: { image: string };
  command: string[];
  args: string[];
  envs: { key: string; value: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  log_path: string;
  mounts: { container_path: string; host_path: string; readonly: boolean }[];
  linux: { security_context: { namespace_options: NamespaceOptions } };
}

export interface Sandbox {
  id: string;
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  created_at: string;
  labels: Record<string, string>;
}

export interface Container {
  id: string;
  pod_sandbox_id: string;
  metadata: { name: string; attempt: number };
  state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';
  created_at: string;
  labels: Record<string, string>;
}

export interface ContainerStatus extends Omit<Container, 'pod_sandbox_id'> {
  started_at: string;
  finished_at: string;
  exit_code: number;
  image_ref: string;
  reason: string;
  message: string;
}

/** Where a sandbox lives: its first address (empty for host-networked Pods) and its network namespace. */
export interface SandboxPlace {
  address: string;
  netns: string;
}

export interface CriClient {
  /** Given up when the signal is aborted, as a kubelet does for a Pod that is to go. */
  runPodSandbox(config: PodSandboxConfig, signal?: AbortSignal): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  sandboxPlace(id: string): Promise<SandboxPlace>;
  listPodSandboxes(): Promise<Sandbox[]>;
  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
  ): Promise<string>;
  startContainer(id: string): Promise<void>;
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(): Promise<Container[]>;
  containerStatus(id: string): Promise<ContainerStatus>;
  /** Both conditions of the runtime (itself and its network) are met. */
  isReady(): Promise<boolean>;
  /** Calls `onExit` after a task ended; resubscribes by itself when containerd comes back. */
  watchExits(onExit: () => void): () => void;
  close(): void;
}

const callTimeoutMs = 60_000;
const resubscribeMs = 1_000;

export function connectCri(socket: string): CriClient {
  const runtime = openStub({
    socket,
    definition: loadProto('runtime-v1.proto'),
    service: 'runtime.v1.RuntimeService',
    timeoutMs: callTimeoutMs,
  });
  const events = openStub({
    socket,
    definition: loadProto('containerd.proto'),
    service: 'ringfence.containerd.Events',
    wireName: 'containerd.services.events.v1.Events',
  });
  const { call } = runtime;

  return {
    runPodSandbox: async (config, signal) =>
      (await call<{ pod_sandbox_id: string }>('RunPodSandbox', { config }, { signal })).pod_sandbox_id,
    stopPodSandbox: async (id) => void (await call('StopPodSandbox', { pod_sandbox_id: id })),
    removePodSandbox: async (id) => void (await call('RemovePodSandbox', { pod_sandbox_id: id })),
    sandboxPlace: async (id) =>
      sandboxPlaceOf(await call('PodSandboxStatus', { pod_sandbox_id: id, verbose: true })),
    listPodSandboxes: async () => (await call<{ items: Sandbox[] }>('ListPodSandbox', {})).items,
    createContainer: async (sandboxId, config, sandboxConfig) =>
      (
        await call<{ container_id: string }>('CreateContainer', {
          pod_sandbox_id: sandboxId,
          config,
          sandbox_config: sandboxConfig,
        })
      ).container_id,
    startContainer: async (id) => void (await call('StartContainer', { container_id: id })),
    stopContainer: async (id, graceSeconds) =>
      void (await call(
        'StopContainer',
        { container_id: id, timeout: graceSeconds },
        { timeoutMs: callTimeoutMs + graceSeconds * 1000 },
      )),
    removeContainer: async (id) => void (await call('RemoveContainer', { container_id: id })),
    listContainers: async () => (await call<{ containers: Container[] }>('ListContainers', {})).containers,
    containerStatus: async (id) =>
      (await call<{ status: ContainerStatus }>('ContainerStatus', { container_id: id })).status,
    isReady: () =>
      call<{ status: { conditions: { status: boolean }[] } }>('Status', {}, { timeoutMs: 5_000 }).then(
        (reply) => reply.status.conditions.every((condition) => condition.status),
        () => false,
      ),
    watchExits: (onExit) => watchExits(events, onExit),
    close: () => {
      runtime.close();
      events.close();
    },
  };
}

function sandboxPlaceOf(reply: {
  status: { network: { ip: string } | null };
  info: Record<string, string>;
}): SandboxPlace {
  // The verbose answer is containerd's own JSON; the runtime's specification in it names the namespaces.
  const info = JSON.parse(reply.info['info'] ?? '{}') as {
    runtimeSpec?: { linux?: { namespaces?: { type: string; path?: string }[] } };
  };
  const netns =
    info.runtimeSpec?.linux?.namespaces?.find((namespace) => namespace.type === 'network')?.path ?? '';
  return { address: reply.status.network?.ip ?? '', netns };
}

function watchExits(events: GrpcStub, onExit: () => void): () => void {
  let isClosed = false;
  let stream: ReturnType<GrpcStub['stream']> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const subscribe = (): void => {
    if (isClosed) return;
    stream = events.stream('Subscribe', { filters: ['topic=="/tasks/exit"'] });
    stream.on('data', onExit);
    // Without a listener an ended stream would throw; the end itself is what restarts the subscription.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      timer = setTimeout(subscribe, resubscribeMs);
    });
  };
  subscribe();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    stream?.cancel();
  };
}
