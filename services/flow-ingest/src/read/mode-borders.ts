/**
 * An end in another mode is another end, so that history keeps the mode; two ends that report of one connection around a
 * change of mode would then make two flows of it. Here they come together again, under the newer mode.
 */
import { mergeShares } from '../domain/flow-decisions.calculator.js';
import type { Share } from '../domain/flow-decisions.calculator.js';
import type { EndRow, FoundFlow } from '../store/port/flow-store.js';

/** Order stays that of the first of each. */
export function joinedOverModes(found: readonly FoundFlow[]): FoundFlow[] {
  const joined = new Map<string, FoundFlow>();
  for (const flow of found) {
    const key = JSON.stringify([sameEnd(flow.source), sameEnd(flow.destination), flow.proto, flow.port]);
    const known = joined.get(key);
    joined.set(key, known === undefined ? flow : join(known, flow));
  }
  return [...joined.values()];
}

function join(a: FoundFlow, b: FoundFlow): FoundFlow {
  return {
    ...(newestOf(a) >= newestOf(b) ? a : b),
    outbound: mergeShares([...a.outbound, ...b.outbound]),
    inbound: mergeShares([...a.inbound, ...b.inbound]),
  };
}

const newestOf = ({ outbound, inbound }: FoundFlow): string =>
  [...outbound, ...inbound]
    .map(({ at }: Share) => at)
    .sort()
    .at(-1) ?? '';

function sameEnd({
  cluster,
  workload,
  address,
  kind,
  namespace,
  name,
  labels,
  managed,
  service,
}: EndRow): unknown[] {
  return [cluster, workload, address, kind, namespace, name, labels, managed, service];
}
