/** Kubernetes workloads of managed namespaces; read-only. */
import { z } from 'zod';
import { EnforcementMode } from '../network.js';
import type { CollectionContracts } from './collection.js';
import { LabelReference } from './workload_parts.js';

export const ConvergenceStatus = z.object({
  total_pods_count: z.number().int(),
  success_pods_count: z.number().int(),
  pending_pods_count: z.number().int(),
  errors_count: z.number().int(),
  acked_at: z.string().nullable(),
  fully_converged_at: z.string().nullable(),
  errors: z.array(
    z.object({
      pod_name: z.string(),
      workload: z.object({ href: z.string() }).optional(),
      token: z.string(),
      message: z.string(),
    }),
  ),
});
export type ConvergenceStatus = z.infer<typeof ConvergenceStatus>;

export const KubernetesWorkloadItem = z.object({
  href: z.string(),
  name: z.string(),
  namespace: z.string(),
  kind: z.string(),
  labels: z.array(LabelReference),
  enforcement_mode: EnforcementMode,
  visibility_level: z.string(),
  container_workload_profile: z.looseObject({ name: z.string() }),
  container_cluster: z.object({ href: z.string(), name: z.string() }),
  security_policy_sync_state: z.enum(['syncing', 'applied']),
  security_policy_applied_at: z.string().nullable(),
  metadata: z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    external_service_uid: z.string().nullable(),
  }),
  private_ip_addresses: z.array(z.string()),
  container_policy_convergence_status: ConvergenceStatus,
  /** Annotations that asked for a label and did not get it, with the reason. */
  ringfence_refused_annotations: z.array(
    z.object({ key: z.string(), annotation: z.string(), value: z.string(), reason: z.string() }),
  ),
  created_at: z.string(),
  updated_at: z.string(),
});

export const kubernetesWorkloadCollections = {
  kubernetes_workloads: { owner: 'inventory', item: KubernetesWorkloadItem },
} as const satisfies CollectionContracts;
