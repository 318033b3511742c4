/** What a service has said in a spec, held against the contracts. */
import { isDeepStrictEqual } from 'node:util';
import { EVENTS } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';

/** Those with more, or other, than the newest version of their type has; throws for what it refuses. */
export function uncontracted<E extends { readonly type: string; readonly data: unknown }>(
  events: readonly E[],
): E[] {
  return events.filter(
    ({ type, data }) => !isDeepStrictEqual(EVENTS[type as EventType].schema.parse(data), data),
  );
}
