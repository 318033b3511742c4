/** Container clusters. The token for clas-cache and kubelink is in the answer to POST, once and never again. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { NetworkTypeOfCluster } from '../network.js';
import { flag, partOf } from './query.js';
import { meta } from './workload-parts.js';
import { Text } from '../text.js';

export const ContainerClusterCreate = z.strictObject({
  name: Text.min(1).max(255),
  description: Text.max(4_096).optional(),
  datacenter_nat_1to1: z.boolean().optional(),
  /** `flat`: its Pods are seen outside of it by their own addresses. `overlay`, or null: by those of the nodes that they run on. */
  network_type: NetworkTypeOfCluster.nullish(),
});
export type ContainerClusterCreate = z.infer<typeof ContainerClusterCreate>;
export const ContainerClusterUpdate = ContainerClusterCreate.partial();
export type ContainerClusterUpdate = z.infer<typeof ContainerClusterUpdate>;

/** What is asked beside what is in force. Asked for means: taken by the control plane before this answer was begun. */
export const PolicyProgressView = z.object({
  /** Versions of `sec_policy`: provisioned last; told to the nodes; acknowledged by all of them that are heard. Null: not known. */
  asked_version: z.number().int().nullable(),
  told_version: z.number().int().nullable(),
  in_force_version: z.number().int().nullable(),
  /**
   * Labels, profiles and what follows from them have no version; they are counted as they are written. Who has written
   * one, and then read what is asked, may wait until as much is in force. Null: not known.
   */
  asked_settings: z.number().int().nullable(),
  in_force_settings: z.number().int().nullable(),
  /** True: that version, and every label and mode that was written until now, is in force. */
  is_newest: z.boolean(),
  /** When what is not in force yet was asked for. */
  asked_at: Text.nullable(),
  /** Where it is on its way; empty: it is in force. */
  waiting_for: Text,
  /** At most 100 nodes that have not acknowledged it. */
  nodes_behind: z.array(Text),
});
export type PolicyProgressView = z.infer<typeof PolicyProgressView>;

/** Pods of managed namespaces and paired nodes; `last_heard` is of clas-cache, null: it has not said anything yet. */
export const ContainerClusterEnforcement = z.object({
  places: z.number().int(),
  not_in_force: z.number().int(),
  since: Text.nullable(),
  last_heard: Text.nullable(),
  policy: PolicyProgressView,
  reasons: z.array(z.object({ token: Text, count: z.number().int(), since: Text, message: Text })),
  /**
   * Kubernetes' NetworkPolicies that cannot be read: how many, and at most 100 of them by name, with the field at fault and why. Whom such
   * a policy may mean is isolated in the directions that are `closed`, and it allows nothing. Null: not known, clas-cache has not said it.
   */
  refused_network_policies: z
    .object({
      count: z.number().int(),
      named: z.array(
        z.object({
          ...{ namespace: Text, name: Text, field: Text, token: Text, message: Text },
          closed: z.array(z.enum(['ingress', 'egress'])),
        }),
      ),
    })
    .nullable(),
});
export type ContainerClusterEnforcement = z.infer<typeof ContainerClusterEnforcement>;

export const ContainerClusterItem = z.object({
  href: Text,
  name: Text,
  description: Text,
  cluster_mode: z.enum(['legacy', 'clas']),
  container_runtime: Text.nullable(),
  manager_type: Text.nullable(),
  kubelink_version: Text.nullable(),
  last_connected: Text.nullable(),
  online: z.boolean(),
  nodes: z.array(z.object({ name: Text, machine_id: Text, pod_subnet: Text.nullable() })),
  errors: z.array(z.object({ error_type: Text, duplicate_ids: z.array(Text), message: Text })),
  pce_fqdn: Text.nullable(),
  network_type: NetworkTypeOfCluster,
  datacenter_nat_1to1: z.boolean(),
  ringfence_status: z.enum(['never_connected', 'in_sync', 'out_of_sync', 'error']),
  ringfence_status_message: Text,
  /**
   * Why Kubelink is not in sync (`api_server_away`, `not_listed`, `not_followed`, `not_told`), and which kinds it does without
   * (`not_permitted`); `detail`: the API server's own words.
   */
  ringfence_lacks: z.array(z.object({ token: Text, message: Text, detail: Text })),
  ringfence_enforcement: ContainerClusterEnforcement,
  /** Only in the answer to POST. */
  container_cluster_token: Text.optional(),
  ...meta,
});

/** What is behind a virtual service that stands for a Service. Clients read either of the two names. */
const virtualService = z.object({ href: Text, name: Text });
const ServiceBackendItem = z.object({
  ...{ name: Text, kind: Text, namespace: Text, created_at: Text, updated_at: Text },
  ...{ virtual_service: virtualService, virtual_services: virtualService },
});

export const containerClusterCollections = {
  'container_clusters/service_backends': { item: ServiceBackendItem },
  container_clusters: {
    create: ContainerClusterCreate,
    update: ContainerClusterUpdate,
    told: [
      ...[
        'container_runtime',
        'manager_type',
        'kubelink_version',
        'last_connected',
        'online',
        'nodes',
        'errors',
      ],
      ...['ringfence_status', 'ringfence_status_message', 'ringfence_lacks', 'ringfence_enforcement'],
    ],
    item: ContainerClusterItem,
    query: {
      name: partOf,
      clas_mode: flag,
    },
  },
} as const satisfies CollectionContracts;
