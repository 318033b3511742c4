/** Names of inventory's streams: `<entity>-<id>`, the entity as in the contracts. */
export const streamOf = {
  cluster: (id: string): string => `container-cluster-${id}`,
  pairingProfile: (id: string): string => `pairing-profile-${id}`,
  workload: (id: string): string => `workload-${id}`,
  kubernetesWorkload: (id: string): string => `kubernetes-workload-${id}`,
  /** "_" occurs neither in a uuid nor in a namespace's or node's name. */
  namespace: (cluster: string, name: string): string => `namespace-${cluster}_${name}`,
  agent: (cluster: string, node: string): string => `agent-${cluster}_${node}`,
  /** Of a cluster, a node or a workload. */
  enforcement: (cluster: string, scope: string, id: string): string =>
    `enforcement-${cluster}_${scope}_${id}`,
} as const;
