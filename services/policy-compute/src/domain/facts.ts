/** What other services decided and this one computes with: the part of their events' states that policy follows from. */
import type { Address, EnforcementMode, EntityClass, LabelId, SeenFromOutside } from '@ringfence/contracts';

export interface LabelFact {
  readonly id: LabelId;
  readonly key: string;
  readonly value: string;
}

export interface EntityFact {
  readonly id: string;
  /** A cluster's id, or `global`. */
  readonly cluster: string;
  readonly class: EntityClass;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: readonly LabelId[];
  readonly mode: EnforcementMode;
  readonly addresses: readonly Address[];
  /** Of unmanaged workloads; absent: no wider ones than their addresses. */
  readonly subnets?: readonly string[] | undefined;
  readonly node: string | null;
  readonly lost?: boolean | undefined;
  /** Of Pods and nodes: how other clusters see them; absent: not at all. */
  readonly outside?: SeenFromOutside | undefined;
}

export interface ProfileFact {
  readonly id: string;
  readonly cluster: string;
  /** Null: the cluster's template. */
  readonly namespace: string | null;
  readonly managed: boolean;
  readonly mode: EnforcementMode;
}

export interface Facts {
  label: LabelFact;
  entity: EntityFact;
  profile: ProfileFact;
}
export type FactKind = keyof Facts;

/** A state, or null when its thing is gone; `position`: how new it is, at its owner. */
export type FactChange = {
  [K in FactKind]: {
    readonly kind: K;
    readonly id: string;
    readonly position: number;
    /** That it concerns; `global`: all. */
    readonly cluster: string;
    readonly state: Facts[K] | null;
  };
}[FactKind];
