/** Which label sets and workloads a node must know the endpoints of, counted by the groups that ask for them. */
import type { Endpoint, Group, NodePortTarget } from '@ringfence/contracts';

export interface GroupDifference {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

const keysOf = (group: Group | undefined): string[] =>
  group === undefined
    ? []
    : [...group.labelSets.map((id) => `l ${id}`), ...group.workloads.map((id) => `w ${id}`)];

export function groupDifference(before: Group | undefined, after: Group | undefined): GroupDifference {
  return keyDifference(keysOf(before), keysOf(after));
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

export const interestKeys = ({ labelSet, workload }: Pick<Endpoint, 'labelSet' | 'workload'>): string[] =>
  workload === null ? [`l ${labelSet}`] : [`l ${labelSet}`, `w ${workload}`];

export class Interest {
  readonly #asked = new Map<string, number>();

  has(endpoint: Endpoint): boolean {
    return interestKeys(endpoint).some((key) => this.#asked.has(key));
  }

  /** Returns the keys that nobody asked for before, and those that nobody asks for any more. */
  change({ gained, lost }: GroupDifference): GroupDifference {
    const first = gained.filter((key) => this.#count(key, 1) === 1);
    const last = lost.filter((key) => this.#count(key, -1) === 0);
    return { gained: first, lost: last };
  }

  #count(key: string, by: 1 | -1): number {
    const count = (this.#asked.get(key) ?? 0) + by;
    if (count === 0) this.#asked.delete(key);
    else this.#asked.set(key, count);
    return count;
  }
}
