/** Annotations that asked for a label and did not get it: what, why, and what mends it. */
import type { Column } from './output.js';

export interface RefusedAnnotation {
  readonly key: string;
  readonly annotation: string;
  readonly value: string;
  readonly reason: string;
}
interface Refusing {
  readonly name: string | null;
  readonly namespace?: string;
  readonly ringfence_refused_annotations?: readonly RefusedAnnotation[];
}
export interface Refusal extends RefusedAnnotation {
  readonly what: string;
}

const REASONS: Readonly<Record<string, (refused: RefusedAnnotation) => string>> = {
  'no-such-label': ({ key, value }) => `no such label: ringfence labels create ${key} ${value}`,
  'not-in-list': ({ key }) => `the namespace allows other labels of ${key} only`,
  fixed: ({ key }) => `the namespace has a fixed label for ${key}`,
  none: ({ key }) => `the namespace gives no label of ${key}`,
  'other-prefix-wins': () => 'another annotation says something else, and wins',
};

export function refusalsOf(workloads: readonly Refusing[]): Refusal[] {
  return workloads.flatMap(({ name, namespace, ringfence_refused_annotations: refused = [] }) =>
    refused.map((each) => ({ what: `${namespace ?? ''}/${name ?? ''}`, ...each })),
  );
}

export const REFUSAL_COLUMNS: readonly Column<Refusal>[] = [
  { title: 'WHAT', value: ({ what }) => what },
  { title: 'ANNOTATION', value: ({ annotation, value }) => `${annotation}: ${value}` },
  { title: 'WHY', value: (refusal) => REASONS[refusal.reason]?.(refusal) ?? refusal.reason },
];
