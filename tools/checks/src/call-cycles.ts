/** Services that wait for each other's answers: when one is slow, all of them are, and none can be started first. */
import type { ServiceManifest } from '@ringfence/contracts';

type Callers = Pick<ServiceManifest, 'service' | 'calls'>;

/** Its answer is that it began: nobody waits for what it asks for. */
const isWaitedFor = (call: string): boolean => !call.endsWith('.resync');

/** Each cycle once, from its alphabetically first member: `inventory → label-resolver → inventory`. */
export function callCycles(all: readonly Callers[]): string[] {
  const calls = new Map(
    all.map(({ service, calls: methods }) => [
      service,
      [...new Set(methods.filter(isWaitedFor).map((m) => m.split('.')[0]!))],
    ]),
  );
  const follow = (path: readonly string[]): string[] =>
    (calls.get(path.at(-1)!) ?? []).flatMap((next) => {
      if (next === path[0]) return [[...path, next].join(' → ')];
      return next < path[0]! || path.includes(next) ? [] : follow([...path, next]);
    });
  return all.flatMap(({ service }) => follow([service]));
}
