/** Violations of one kind between Pods of the same workloads are one story, told once with its count. */
import type { Violation, ViolationKind } from './model.js';

export interface ViolationGroup {
  readonly kind: ViolationKind;
  readonly source: string;
  readonly destination: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** The largest first. */
export function groupsOf(violations: readonly Violation[]): ViolationGroup[] {
  const groups = new Map<string, ViolationGroup>();
  for (const { kind, at, ...ends } of violations) {
    const [source, destination] = [workloadIn(ends.source), workloadIn(ends.destination)];
    const key = JSON.stringify([kind, source, destination]);
    const known = groups.get(key) ?? { kind, source, destination, count: 0, first: at, last: at };
    const [first, last] = [Math.min(known.first, at), Math.max(known.last, at)];
    groups.set(key, { ...known, count: known.count + 1, first, last });
  }
  return [...groups.values()].sort((left, right) => right.count - left.count);
}

/** `shop/web-5d9c4f7b8-x2x7k (10.0.0.1) tcp/80` is `shop/web tcp/80`; a numbered Pod loses its number. */
function workloadIn(end: string): string {
  return end.replace(/ \([\d.]+\)/, '').replace(/(-[a-z0-9]{8,10})?-[a-z0-9]{5}(?= |$)|-\d+(?= |$)/, '');
}
