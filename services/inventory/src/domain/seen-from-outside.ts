/**
 * By which addresses other clusters see the workloads and nodes of a cluster. A node: as Kubernetes tells, not by every address that it
 * has, because bridges and Pod networks have the same in every cluster. Pods: by the nodes that they run on, which hide them, or by their own where
 * the network is flat. What lies in another cluster's Pod networks is somebody else there, and is left out.
 */
import type { NetworkTypeOfCluster, SeenFromOutside } from '@ringfence/contracts';
import { canonicalAddress, CidrSet } from '@ringfence/policy-engine';

export interface OutsideFacts {
  readonly clusters: readonly { readonly id: string; readonly networkType: NetworkTypeOfCluster }[];
  readonly nodes: readonly {
    readonly cluster: string;
    readonly name: string;
    readonly addresses: readonly string[];
    readonly podCidrs: readonly string[];
  }[];
  /** Pods of a workload on a node. */
  readonly placed: readonly {
    readonly cluster: string;
    readonly workload: string;
    readonly node: string;
    readonly addresses: readonly string[];
  }[];
}

/** By `cluster/workload` and `cluster/node`. */
export interface Sights {
  readonly workloads: ReadonlyMap<string, SeenFromOutside>;
  readonly nodes: ReadonlyMap<string, SeenFromOutside>;
}

/** A cluster that is alone is seen by nobody. */
export function seenFromOutside({ clusters, nodes, placed }: OutsideFacts): Sights {
  const networkTypes = new Map(clusters.map(({ id, networkType }) => [id, networkType]));
  const seen = { workloads: new Map<string, SeenFromOutside>(), nodes: new Map<string, SeenFromOutside>() };
  if (networkTypes.size < 2) return seen;
  const usable = usableIn([...networkTypes.keys()], nodes);
  for (const { cluster, name, addresses } of nodes)
    if (networkTypes.has(cluster))
      keep(seen.nodes, `${cluster}/${name}`, { addresses: usable(cluster, addresses), isHidden: false });
  for (const { cluster, workload, node, addresses } of placed) {
    const networkType = networkTypes.get(cluster);
    if (networkType === undefined) continue;
    const isHidden = networkType === 'overlay';
    const own = isHidden
      ? (seen.nodes.get(`${cluster}/${node}`)?.addresses ?? [])
      : usable(cluster, addresses);
    keep(seen.workloads, `${cluster}/${workload}`, { addresses: own, isHidden });
  }
  return seen;
}

/** With those that are known of it already. */
function keep(
  seen: Map<string, SeenFromOutside>,
  key: string,
  { addresses, isHidden }: SeenFromOutside,
): void {
  const all = new Set([...(seen.get(key)?.addresses ?? []), ...addresses]);
  if (all.size > 0) seen.set(key, { addresses: [...all].sort(), isHidden });
}

type Usable = (cluster: string, addresses: readonly string[]) => string[];

function usableIn(clusters: readonly string[], nodes: OutsideFacts['nodes']): Usable {
  const networks = new Map(
    clusters.map((id) => {
      const others = nodes.filter(({ cluster }) => cluster !== id).flatMap(({ podCidrs }) => podCidrs);
      return [id, new CidrSet(others)];
    }),
  );
  return (cluster, addresses) =>
    addresses
      .flatMap((address) => canonicalAddress(address) ?? [])
      .filter((address) => networks.get(cluster)?.contains(address) !== true);
}
