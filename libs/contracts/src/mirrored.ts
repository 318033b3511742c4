/**
 * What other services keep a copy of, by the entity of its events: the events that say its whole new value, the one that
 * ends it, and what of it a copy knows. A copy that was lost, or is new, becomes whole when the owner says the last of each again.
 */
import type { z } from 'zod';
import {
  ContainerClusterState,
  EntityLabelsState,
  KubernetesWorkloadState,
  LabelState,
  NamespaceState,
  PairingProfileState,
  ProfileState,
  WorkloadState,
} from './events.js';
import type { EventType } from './events.js';

interface MirroredThing {
  readonly state: z.ZodType;
  readonly written: readonly EventType[];
  readonly deleted: EventType;
}

export const MIRRORED = {
  'container-cluster': {
    state: ContainerClusterState,
    written: ['ContainerClusterCreated', 'ContainerClusterChanged'],
    deleted: 'ContainerClusterDeleted',
  },
  namespace: {
    state: NamespaceState,
    written: ['NamespaceDiscovered', 'NamespaceChanged'],
    deleted: 'NamespaceVanished',
  },
  'kubernetes-workload': {
    state: KubernetesWorkloadState,
    written: ['KubernetesWorkloadDiscovered', 'KubernetesWorkloadChanged'],
    deleted: 'KubernetesWorkloadVanished',
  },
  workload: {
    state: WorkloadState,
    written: ['WorkloadCreated', 'WorkloadChanged'],
    deleted: 'WorkloadDeleted',
  },
  'pairing-profile': {
    state: PairingProfileState,
    written: ['PairingProfileCreated', 'PairingProfileChanged'],
    deleted: 'PairingProfileDeleted',
  },
  label: { state: LabelState, written: ['LabelCreated', 'LabelChanged'], deleted: 'LabelDeleted' },
  profile: { state: ProfileState, written: ['ProfileCreated', 'ProfileChanged'], deleted: 'ProfileDeleted' },
  entity: { state: EntityLabelsState, written: ['EntityLabelled'], deleted: 'EntityUnlabelled' },
} as const satisfies Record<string, MirroredThing>;

/** What others fold from every event: the form of a policy object that is in force follows from its drafts and from provisions. */
export const FOLDED = [
  'PolicyObjectDrafted',
  'PolicyObjectReverted',
  'PolicyProvisioned',
] as const satisfies readonly EventType[];

export type MirroredKind = keyof typeof MIRRORED;
export type MirroredState<K extends MirroredKind> = z.output<(typeof MIRRORED)[K]['state']>;
