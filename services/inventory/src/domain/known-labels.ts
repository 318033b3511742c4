/** Label ids that a command names, checked: each exists, and there is at most one per type. */
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';

/** Type of each live label that the command names, by id; a label that is missing here does not exist. */
export type LabelKeys = Readonly<Record<string, string>>;

export function refuseLabels(labels: readonly string[], keyOf: LabelKeys): Rejection | null {
  const seen = new Map<string, string>();
  for (const label of labels) {
    const key = keyOf[label];
    if (key === undefined)
      return reject('input-validation-error', `labels: there is no label ${label}`, 'INVALID_ARGUMENT');
    const other = seen.get(key);
    if (other !== undefined && other !== label) {
      return reject(
        'input-validation-error',
        `labels: ${other} and ${label} are both of type "${key}"; one per type`,
        'INVALID_ARGUMENT',
      );
    }
    seen.set(key, label);
  }
  return null;
}
