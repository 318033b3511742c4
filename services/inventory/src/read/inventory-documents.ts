/** The read models that are folded from inventory's own events. */
import type { KubernetesWorkloadState } from '@ringfence/contracts';
import { documents } from '@ringfence/event-store';
import type { ContainerCluster } from '../domain/container-cluster.decider.js';
import type { PairingProfile } from '../domain/pairing-profile.decider.js';
import type { Workload } from '../domain/workload.decider.js';

export const containerClusters = documents<ContainerCluster>({
  name: 'container_clusters',
  written: ['ContainerClusterCreated', 'ContainerClusterChanged'],
  deleted: 'ContainerClusterDeleted',
});
export const pairingProfiles = documents<PairingProfile>({
  name: 'pairing_profiles',
  written: ['PairingProfileCreated', 'PairingProfileChanged'],
  deleted: 'PairingProfileDeleted',
});
export const workloads = documents<Workload>({
  name: 'workloads',
  indexed: ['agent', 'node', 'externalDataReference'],
  written: ['WorkloadCreated', 'WorkloadChanged'],
  deleted: 'WorkloadDeleted',
});
export const kubernetesWorkloads = documents<KubernetesWorkloadState>({
  name: 'kubernetes_workloads',
  written: ['KubernetesWorkloadDiscovered', 'KubernetesWorkloadChanged'],
  deleted: 'KubernetesWorkloadVanished',
});

export const DOCUMENTS = [containerClusters, pairingProfiles, workloads, kubernetesWorkloads] as const;
