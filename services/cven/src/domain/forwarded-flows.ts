/**
 * What the host's guard has dropped is in the host's flow sets, though neither end is the host: it is the Pod's flow,
 * refused before the Pod could see it, and is reported as the Pod's.
 */
import type { FlowReading } from '../kernel/port/kernel.port.js';

export interface SplitReading {
  readonly host: FlowReading;
  /** By the destination's address. */
  readonly forwarded: ReadonlyMap<string, FlowReading>;
}

const NOTHING: FlowReading = { tables: { na: [], np: [], nb: [], bo: [], br: [] }, overflow: 0 };

export function splitForwarded(reading: FlowReading, own: ReadonlySet<string>): SplitReading {
  const isForwarded = ([src, dst]: readonly [string, string, ...unknown[]]): boolean =>
    !own.has(src) && !own.has(dst);
  const blocked = reading.tables.nb;
  const forwarded = new Map<string, FlowReading>();
  for (const count of blocked.filter(isForwarded)) {
    const [, destination] = count;
    const before = forwarded.get(destination)?.tables.nb ?? [];
    forwarded.set(destination, { ...NOTHING, tables: { ...NOTHING.tables, nb: [...before, count] } });
  }
  const host = {
    ...reading,
    tables: { ...reading.tables, nb: blocked.filter((count) => !isForwarded(count)) },
  };
  return { host, forwarded };
}
