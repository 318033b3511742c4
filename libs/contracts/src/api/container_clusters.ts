/** Container clusters. The token for clas-cache and kubelink is in the answer to POST, once and never again. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { meta } from './workload_parts.js';

const writable = {
  description: z.string().max(4_096).optional(),
  datacenter_nat_1to1: z.boolean().optional(),
} as const;
const name = z.string().min(1).max(255);

export const ContainerClusterCreate = z.strictObject({ name, ...writable });
export type ContainerClusterCreate = z.infer<typeof ContainerClusterCreate>;
export const ContainerClusterUpdate = z.strictObject({ name: name.optional(), ...writable });
export type ContainerClusterUpdate = z.infer<typeof ContainerClusterUpdate>;

export const ContainerClusterItem = z.object({
  href: z.string(),
  name: z.string(),
  description: z.string(),
  cluster_mode: z.enum(['legacy', 'clas']),
  container_runtime: z.string().nullable(),
  manager_type: z.string().nullable(),
  kubelink_version: z.string().nullable(),
  last_connected: z.string().nullable(),
  online: z.boolean(),
  nodes: z.array(z.object({ name: z.string(), machine_id: z.string(), pod_subnet: z.string().nullable() })),
  errors: z.array(
    z.object({ error_type: z.string(), duplicate_ids: z.array(z.string()), message: z.string() }),
  ),
  pce_fqdn: z.string().nullable(),
  network_type: z.string().nullable(),
  datacenter_nat_1to1: z.boolean(),
  ringfence_status: z.enum(['never_connected', 'in_sync', 'out_of_sync', 'error']),
  ringfence_status_message: z.string(),
  /** Only in the answer to POST. */
  container_cluster_token: z.string().optional(),
  ...meta,
});

export const containerClusterCollections = {
  container_clusters: {
    owner: 'inventory',
    create: ContainerClusterCreate,
    update: ContainerClusterUpdate,
    item: ContainerClusterItem,
  },
} as const satisfies CollectionContracts;
