/** Annotations, and Kubernetes labels that the label map reads, that asked for a label and did not get it: what, why, and what mends it. */
import { refusalWords } from '@ringfence/labels/refusal-words';
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

export function refusalsOf(workloads: readonly Refusing[]): Refusal[] {
  return workloads.flatMap(({ name, namespace, ringfence_refused_annotations: refused = [] }) =>
    refused.map((each) => ({ what: `${namespace ?? ''}/${name ?? ''}`, ...each })),
  );
}

export const REFUSAL_COLUMNS: readonly Column<Refusal>[] = [
  { title: 'WHAT', value: ({ what }) => what },
  { title: 'ASKED', value: ({ annotation, value }) => `${annotation}: ${value}` },
  { title: 'WHY', value: refusalWords },
];
