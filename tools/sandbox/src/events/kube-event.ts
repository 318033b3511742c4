/** An Event as the API has it. */
import type { CountedEvent } from './event-correlator.js';

export interface EventSource {
  readonly component: string;
  /** Of what speaks for a node. */
  readonly host?: string;
}

export interface EventBody {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export function eventBody(event: CountedEvent, source: EventSource): EventBody {
  const { name, about, type, reason, message } = event;
  return {
    metadata: { name, namespace: about.namespace ?? 'default' },
    involvedObject: about,
    type,
    reason,
    message,
    source,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
    firstTimestamp: instant(event.firstMs),
    ...eventUpdate(event),
  };
}

/** What changes when it is counted up. */
export const eventUpdate = ({ message, count, lastMs }: CountedEvent): object => ({
  message,
  count,
  lastTimestamp: instant(lastMs),
});
