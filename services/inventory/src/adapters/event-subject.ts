/** Subject of each event: `evt.<cluster>.<entity>.<id>`. A stream is `<entity>-<id>`, and an entity may itself have dashes. */
import { EVENTS, subjects } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';
import type { StoredEvent } from '@ringfence/event-store';

/** Nobody but the audit reads these. */
const PAIRING = [
  'PairingProfileCreated',
  'PairingProfileChanged',
  'PairingProfileDeleted',
  'PairingKeyIssued',
  'PairingKeysRevoked',
];

export function subjectOf(event: StoredEvent): string {
  const entity = PAIRING.includes(event.type) ? 'pairing-profile' : EVENTS[event.type as EventType].entity;
  return subjects.event(event.cluster, entity, event.stream.slice(entity.length + 1));
}

export const streamOf = {
  cluster: (id: string): string => `container-cluster-${id}`,
  pairingProfile: (id: string): string => `pairing-profile-${id}`,
  workload: (id: string): string => `workload-${id}`,
  kubernetesWorkload: (id: string): string => `kubernetes-workload-${id}`,
  /** "_" occurs neither in a uuid nor in a namespace's name. */
  namespace: (cluster: string, name: string): string => `namespace-${cluster}_${name}`,
} as const;
