/** What inventory says exists: clusters, namespaces, Kubernetes workloads, workloads, pairing profiles. Kept so that nobody has to be asked. */
import type { KubernetesWorkloadState, PairingProfileState, WorkloadState } from '@ringfence/contracts';
import { mirror } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';

export const facts = mirror({
  kinds: ['container-cluster', 'namespace', 'kubernetes-workload', 'workload', 'pairing-profile'],
});
export type FactNews = Awaited<ReturnType<typeof facts.take>>[number];

/** A deleted cluster stays deleted, whatever still arrives about it. */
export async function isClusterGone(entities: EntityManager, id: string): Promise<boolean> {
  return (await facts.get(entities, 'container-cluster', id)) === null;
}

export async function namespaceNames(entities: EntityManager, cluster: string): Promise<Set<string>> {
  const namespaces = await facts.all(entities, 'namespace', cluster);
  return new Set([...namespaces.values()].map(({ name }) => name));
}

/** Those of live clusters: of a deleted one not everything is said to have gone. */
export async function kubernetesWorkloads(entities: EntityManager): Promise<KubernetesWorkloadState[]> {
  const all = [...(await facts.all(entities, 'kubernetes-workload')).values()];
  const gone = new Set<string>();
  for (const cluster of new Set(all.map((each) => each.cluster)))
    if (await isClusterGone(entities, cluster)) gone.add(cluster);
  return all.filter((each) => !gone.has(each.cluster));
}

export const workloads = async (entities: EntityManager): Promise<WorkloadState[]> => [
  ...(await facts.all(entities, 'workload')).values(),
];

export const pairingProfiles = async (entities: EntityManager): Promise<PairingProfileState[]> => [
  ...(await facts.all(entities, 'pairing-profile')).values(),
];
