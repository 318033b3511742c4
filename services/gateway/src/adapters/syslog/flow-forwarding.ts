/** New flow rows to the destinations that ask for them; while none does, nobody is asked. */
import type { Bus } from '@ringfence/bus';
import { pause } from '@ringfence/retrying';
import { recentFlows } from '../answers/recent-flows.client.js';
import type { Forwarding } from './forwarding.js';

const POLL_MS = 1_000;

export interface FlowForwardingParts {
  readonly bus: Bus;
  readonly forwarding: Pick<Forwarding, 'flow' | 'wantsFlows'>;
  /** More came than could be asked for. */
  readonly onMissed: (flows: number) => void;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export async function forwardFlows(parts: FlowForwardingParts): Promise<void> {
  const { forwarding, onError, signal } = parts;
  let cursor = '';
  while (!signal.aborted) {
    try {
      const page = forwarding.wantsFlows() ? await forwardPage(parts, cursor) : { cursor: '', came: 0 };
      ({ cursor } = page);
      // There may be more of them.
      if (page.came > 0) continue;
    } catch (error) {
      onError(error);
    }
    await pause(POLL_MS, signal);
  }
}

async function forwardPage(
  { bus, forwarding, onMissed }: FlowForwardingParts,
  after: string,
): Promise<{ cursor: string; came: number }> {
  const { cursor, missed, flows } = await recentFlows(bus, after);
  if (after === '') return { cursor, came: 0 };
  for (const flow of flows) forwarding.flow(flow);
  if (missed > 0) onMissed(missed);
  return { cursor, came: flows.length };
}
