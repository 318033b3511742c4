/** Ids that come out the same whoever computes them: creating twice (an event and a question that overtook it) is creating once. */
import { kubernetesWorkloadId } from '@ringfence/labels';

export const templateId = (cluster: string): string => kubernetesWorkloadId(cluster, 'profile template');
export const namespaceProfileId = (cluster: string, namespace: string): string =>
  kubernetesWorkloadId(cluster, `profile of namespace ${namespace}`);
export const builtInTypeId = (key: string): string => kubernetesWorkloadId('label types', key);
