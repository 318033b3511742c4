/**
 * The Node object of this agent: created at the start, kept alive by its status and its lease. It says what a real node says, but
 * its capacity is a promise, not a measurement: the stubs need next to nothing, and requests sized for real programs should fit.
 */
import { readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { type KubeClient, KubeError } from '../kube/kube.client.js';
import type { AgentConfig } from './agent-config.js';

export interface NodeRegistration {
  close(): void;
}

export type NodeIdentity = Pick<AgentConfig, 'nodeName' | 'nodeAddress' | 'podCidr' | 'machineId'>;

const leaseIntervalMs = 10_000;
const statusIntervalMs = 60_000;
const leaseSeconds = 40;
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const mergePatch = 'application/merge-patch+json';
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const gibibyte = 1024 ** 3;
const capacity = {
  ...{ cpu: '64', memory: `${256 * 1024 ** 2}Ki`, 'ephemeral-storage': `${512 * 1024 ** 2}Ki`, pods: '250' },
  ...{ 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' },
};
/** What a kubelet's eviction thresholds leave: all but 100 Mi of memory, and nine tenths of the disk (in bytes). */
const allocatable = {
  ...capacity,
  memory: `${256 * 1024 ** 2 - 100 * 1024}Ki`,
  'ephemeral-storage': String(Math.floor(512 * gibibyte * 0.9)),
};
const instanceType = 'sandbox';

export async function registerNode(
  kube: KubeClient,
  config: NodeIdentity,
  log: (line: string) => void,
): Promise<NodeRegistration> {
  const { gitVersion } = await kube.request<{ gitVersion: string }>('GET', '/version');
  await createOrKeep(kube, '/api/v1/nodes', nodeObject(config));
  await createOrKeep(kube, leasePath, leaseObject(config));
  const beat = async (): Promise<void> => {
    await kube.request(
      'PATCH',
      `/api/v1/nodes/${config.nodeName}/status`,
      { status: nodeStatus(config, gitVersion) },
      mergePatch,
    );
  };
  const renew = async (): Promise<void> => {
    await kube.request(
      'PATCH',
      `${leasePath}/${config.nodeName}`,
      { spec: { renewTime: microTime() } },
      mergePatch,
    );
  };
  await beat();
  const quietly = (work: () => Promise<void>) => () => {
    work().catch((error: unknown) => {
      // A Node that was deleted stays deleted, as with a real kubelet; its Pods are removed by the API server's side.
      if (!(error instanceof KubeError && error.status === 404))
        log(`heartbeat: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  const timers = [setInterval(quietly(renew), leaseIntervalMs), setInterval(quietly(beat), statusIntervalMs)];
  return {
    close: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

async function createOrKeep(kube: KubeClient, path: string, object: unknown): Promise<void> {
  try {
    await kube.request('POST', path, object);
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 409)) throw error;
  }
}

function nodeObject({ nodeName, podCidr }: NodeIdentity): unknown {
  // Both forms, as every kubelet: manifests select by either.
  const platform = {
    'kubernetes.io/arch': architecture,
    'kubernetes.io/os': 'linux',
    'node.kubernetes.io/instance-type': instanceType,
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/instance-type': instanceType,
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: { ...platform, 'kubernetes.io/hostname': nodeName },
      annotations: {
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
  };
}

function leaseObject({ nodeName }: NodeIdentity): unknown {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: nodeName, namespace: 'kube-node-lease' },
    spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime: microTime() },
  };
}

function nodeStatus(config: NodeIdentity, gitVersion: string): unknown {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const condition = (type: string, status: string, reason: string, message: string) => ({
    ...{ type, status, reason, message },
    lastHeartbeatTime: now,
    lastTransitionTime: startedAt,
  });
  return {
    capacity,
    allocatable,
    addresses: [
      { type: 'InternalIP', address: config.nodeAddress },
      { type: 'Hostname', address: config.nodeName },
    ],
    conditions: [
      condition(
        'MemoryPressure',
        'False',
        'KubeletHasSufficientMemory',
        'kubelet has sufficient memory available',
      ),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    nodeInfo: {
      machineID: config.machineId,
      systemUUID: config.machineId,
      bootID: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      kernelVersion: release(),
      osImage: `sandbox on ${hostname()}`,
      operatingSystem: 'linux',
      architecture,
      containerRuntimeVersion: 'containerd://1',
      kubeletVersion: gitVersion,
      kubeProxyVersion: gitVersion,
    },
  };
}

const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;

function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
