/** Services that wait for each other's answers: when one is slow, all of them are, and none can be started first. */
import type { ServiceManifest } from '@ringfence/contracts';

type Callers = Pick<ServiceManifest, 'service' | 'calls'>;

/**
 * The first's answer is that it began; the second's waits for the answerer's own outbox, and for those that it hears from, who wait for theirs;
 * for the third's nobody waits: it is a report.
 */
const isWaitedFor = (call: string): boolean => !/\.(resync|said|beyond-share)$/.test(call);

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
