/** What objects name: other policy objects, labels, workloads. Read off the domain form, the same way for every question. */
import { PROVISIONABLE_TYPES } from '@ringfence/contracts';
import type { ProvisionableType } from '@ringfence/contracts';
import { kindOf } from '../objects/kinds.js';
import { perObject } from './per-object.js';
import type { PolicyObject } from './policy-object.js';

export type ReferenceKind = 'labels' | 'workloads' | ProvisionableType;
export interface ObjectReference {
  readonly kind: ReferenceKind;
  readonly id: string;
}

export const referenceText = (reference: ObjectReference): string => `${reference.kind}/${reference.id}`;

/** By their text, without repetitions, in the order in which they are first named. */
export function referencesByText<T extends ProvisionableType>(
  type: T,
  object: PolicyObject<T>,
): ReadonlyMap<string, ObjectReference> {
  return collected.get(type)!(object);
}

const collected = new Map(
  PROVISIONABLE_TYPES.map((type) => [
    type,
    perObject((object: PolicyObject) => {
      const references = kindOf(type).references(object);
      return new Map(references.map((reference) => [referenceText(reference), reference]));
    }),
  ]),
);

export const referencesOf = <T extends ProvisionableType>(
  type: T,
  object: PolicyObject<T>,
): ObjectReference[] => [...referencesByText(type, object).values()];
