/** Names of streams (`<entity>-<id>`, the entity as in the contracts), and ids that must come out the same whoever computes them. */
import { kubernetesWorkloadId } from '@ringfence/labels';

export const streamOf = {
  label: (id: string): string => `label-${id}`,
  labelType: (id: string): string => `label-type-${id}`,
  profile: (id: string): string => `profile-${id}`,
  entity: (id: string): string => `entity-${id}`,
} as const;

/** Derived, so that creating twice (an event and a question that overtook it) is creating once. */
export const templateId = (cluster: string): string => kubernetesWorkloadId(cluster, 'profile template');
export const namespaceProfileId = (cluster: string, namespace: string): string =>
  kubernetesWorkloadId(cluster, `profile of namespace ${namespace}`);
export const builtInTypeId = (key: string): string => kubernetesWorkloadId('label types', key);
