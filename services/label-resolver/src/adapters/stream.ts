/** Names of streams, subjects of events, and ids that must come out the same whoever computes them. */
import { EVENTS, subjects } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';
import type { StoredEvent } from '@ringfence/event-store';
import { kubernetesWorkloadId } from '@ringfence/labels';

export const streamOf = {
  label: (id: string): string => `label-${id}`,
  labelType: (id: string): string => `label-type-${id}`,
  profile: (id: string): string => `profile-${id}`,
  entity: (id: string): string => `entity-${id}`,
} as const;

/** Not in the contracts: nobody but the audit and the catalogue (which follows the store) reads these. */
const LABEL_TYPE_EVENTS = ['LabelTypeChanged', 'LabelTypeDeleted'];

export function subjectOf(event: StoredEvent): string {
  const entity = LABEL_TYPE_EVENTS.includes(event.type)
    ? 'label-type'
    : EVENTS[event.type as EventType].entity;
  return subjects.event(event.cluster, entity, event.stream.slice(entity.length + 1));
}

/** Derived, so that creating twice (an event and a question that overtook it) is creating once. */
export const templateId = (cluster: string): string => kubernetesWorkloadId(cluster, 'profile template');
export const namespaceProfileId = (cluster: string, namespace: string): string =>
  kubernetesWorkloadId(cluster, `profile of namespace ${namespace}`);
export const builtInTypeId = (key: string): string => kubernetesWorkloadId('label types', key);
