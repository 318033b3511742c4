/** How far somebody's roles reach who may only change what carries some labels. */
import type { Grant } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { liesWithin } from '@ringfence/labels';

type Labels = readonly string[];

export interface Reach {
  /** What is against changing what carries these labels, or against giving them to it. */
  refuse(labels: Labels): Rejection | null;
  /** Of all that can be done with it, what he may do. */
  caps(all: readonly string[], labels: Labels): string[];
}

/** Absent: everything, everywhere. */
export interface Asked {
  readonly within?: readonly Grant[] | undefined;
  readonly caps?: Readonly<Record<string, readonly Grant[] | null>> | undefined;
}

export const isWithin = (
  labels: Labels,
  within: readonly Grant[],
  labelsOfGroup: (group: string) => Labels,
): boolean =>
  within.some(
    ({ role, scope }) =>
      role === 'workload_manager' &&
      liesWithin(
        scope,
        labels.map((label) => [label]),
        labelsOfGroup,
      ),
  );

export const outOfReach = (): Rejection =>
  reject(
    'forbidden-error',
    'labels: it does not lie within your scope, or would not with these labels',
    'PERMISSION_DENIED',
  );
