/** Which label sets and workloads a node must know the endpoints of, counted by the groups that ask for them. */
import type { Endpoint, Group, NodePortTarget } from '@ringfence/contracts';
import { Counter } from './counter.js';
import { perObject } from './per-object.js';

export interface GroupDifference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

const keysOf = perObject(({ labelSets, workloads }: Group): readonly string[] => [
  ...labelSets.map((id) => `l ${id}`),
  ...workloads.map((id) => `w ${id}`),
]);
const NOTHING: readonly string[] = [];

export function groupDifference(before: Group | undefined, after: Group | undefined): GroupDifference {
  const [old, now] = [before && keysOf(before), after && keysOf(after)];
  if (old === undefined) return { gained: now ?? NOTHING, lost: NOTHING };
  return now === undefined ? { gained: NOTHING, lost: old } : keyDifference(old, now);
}

export function keyDifference(old: readonly string[], now: readonly string[]): GroupDifference {
  const [oldSet, nowSet] = [new Set(old), new Set(now)];
  return { gained: now.filter((key) => !oldSet.has(key)), lost: old.filter((key) => !nowSet.has(key)) };
}

/** The Pods that targets mean. */
export function targetKeys(targets: readonly NodePortTarget[]): string[] {
  return [
    ...new Set(
      targets.map(({ labelSet, workload }) => (workload === null ? `l ${labelSet}` : `w ${workload}`)),
    ),
  ];
}

/** A host whose agent is lost is nobody's peer. */
export function interestKeys({ labelSet, workload, lost = false }: Endpoint): readonly string[] {
  if (lost) return NOTHING;
  return workload === null ? [`l ${labelSet}`] : [`l ${labelSet}`, `w ${workload}`];
}

export class Interest {
  private readonly asked = new Counter<string>();

  /** Of the keys of an endpoint. */
  hasAny(keys: readonly string[]): boolean {
    return keys.some((key) => this.asked.has(key));
  }

  /** Returns the keys that nobody asked for before, and those that nobody asks for any more. */
  change({ gained, lost }: GroupDifference): GroupDifference {
    const first = gained.filter((key) => this.asked.add(key, 1) === 1);
    const last = lost.filter((key) => this.asked.add(key, -1) === 0);
    return { gained: first, lost: last };
  }
}
