/** What objects name: other policy objects, labels, workloads. Read off the domain form, the same way for every question. */
import type { ProvisionableType } from '@ringfence/contracts';
import { kindOf } from '../objects/kinds.js';
import type { PolicyObject } from './policy-object.js';

export type ReferenceKind = 'labels' | 'workloads' | ProvisionableType;
export interface ObjectReference {
  readonly kind: ReferenceKind;
  readonly id: string;
}

export const referenceText = (reference: ObjectReference): string => `${reference.kind}/${reference.id}`;

/** Without repetitions, in the order in which they are first named. */
export function referencesOf<T extends ProvisionableType>(
  type: T,
  object: PolicyObject<T>,
): ObjectReference[] {
  const seen = new Map(
    kindOf(type)
      .references(object)
      .map((reference) => [referenceText(reference), reference]),
  );
  return [...seen.values()];
}
