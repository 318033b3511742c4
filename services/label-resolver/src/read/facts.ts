/** What inventory says exists: clusters, namespaces, Kubernetes workloads, workloads, pairing profiles. Kept so that nobody has to be asked. */
import type { KubernetesWorkloadState, PairingProfileState, WorkloadState } from '@ringfence/contracts';
import { mirror } from '@ringfence/event-store';
import type pg from 'pg';

type Queryable = Pick<pg.ClientBase, 'query'>;

export const facts = mirror({
  kinds: ['container-cluster', 'namespace', 'kubernetes-workload', 'workload', 'pairing-profile'],
});
export type FactNews = Awaited<ReturnType<typeof facts.take>>[number];

/** A deleted cluster stays deleted, whatever still arrives about it. */
export async function isClusterGone(db: Queryable, id: string): Promise<boolean> {
  return (await facts.get(db, 'container-cluster', id)) === null;
}

export async function namespaceExists(db: Queryable, cluster: string, name: string): Promise<boolean> {
  const namespaces = await facts.all(db, 'namespace', cluster);
  return [...namespaces.values()].some((each) => each.name === name);
}

/** Those of live clusters: of a deleted one not everything is said to have gone. */
export async function kubernetesWorkloads(db: Queryable): Promise<KubernetesWorkloadState[]> {
  const all = [...(await facts.all(db, 'kubernetes-workload')).values()];
  const gone = new Set<string>();
  for (const cluster of new Set(all.map((each) => each.cluster)))
    if (await isClusterGone(db, cluster)) gone.add(cluster);
  return all.filter((each) => !gone.has(each.cluster));
}

export const workloads = async (db: Queryable): Promise<WorkloadState[]> => [
  ...(await facts.all(db, 'workload')).values(),
];

export const pairingProfiles = async (db: Queryable): Promise<PairingProfileState[]> => [
  ...(await facts.all(db, 'pairing-profile')).values(),
];
