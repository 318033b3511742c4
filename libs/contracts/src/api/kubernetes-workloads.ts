/** Kubernetes workloads of managed namespaces; read-only. */
import { z } from 'zod';
import { EnforcementMode } from '../network.js';
import type { CollectionContracts } from './collection.js';
import { clusterList, labelLists, partOf, span, word } from './query.js';
import { EnforcementView, LabelReference, VisibilityLevel } from './workload-parts.js';
import { Text } from '../text.js';

export const ConvergenceStatus = z.object({
  total_pods_count: z.number().int(),
  success_pods_count: z.number().int(),
  pending_pods_count: z.number().int(),
  errors_count: z.number().int(),
  acked_at: Text.nullable(),
  fully_converged_at: Text.nullable(),
  errors: z.array(
    z.object({
      pod_name: Text,
      workload: z.object({ href: Text }).optional(),
      token: Text,
      message: Text,
    }),
  ),
});
export type ConvergenceStatus = z.infer<typeof ConvergenceStatus>;

export const KubernetesWorkloadItem = z.object({
  href: Text,
  name: Text,
  namespace: Text,
  kind: Text,
  labels: z.array(LabelReference),
  enforcement_mode: EnforcementMode,
  visibility_level: Text,
  container_workload_profile: z.looseObject({ name: Text }),
  container_cluster: z.object({ href: Text, name: Text }),
  security_policy_sync_state: z.enum(['syncing', 'applied']),
  security_policy_applied_at: Text.nullable(),
  metadata: z.object({
    labels: z.record(Text, Text),
    annotations: z.record(Text, Text),
    external_service_uid: Text.optional(),
  }),
  private_ip_addresses: z.array(Text),
  container_policy_convergence_status: ConvergenceStatus,
  ringfence_enforcement: EnforcementView,
  /** Annotations that asked for a label and did not get it, with the reason. */
  ringfence_refused_annotations: z.array(
    z.object({ key: Text, annotation: Text, value: Text, reason: Text }),
  ),
  created_at: Text,
  updated_at: Text,
});

export const kubernetesWorkloadCollections = {
  kubernetes_workloads: {
    item: KubernetesWorkloadItem,
    query: {
      ...{ name: partOf, namespace: partOf, labels: labelLists, container_clusters: clusterList },
      kind: Text.optional().describe('Such as Deployment.'),
      enforcement_mode: word(EnforcementMode.options),
      visibility_level: word(VisibilityLevel.options),
      security_policy_sync_state: word(['syncing', 'applied']),
      ...span('security_policy_applied_at'),
    },
  },
  /** Pods of clusters without CLAS; there are none. */
  container_workloads: { item: KubernetesWorkloadItem },
} as const satisfies CollectionContracts;
