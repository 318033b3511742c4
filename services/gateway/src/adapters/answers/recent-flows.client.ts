/** The flow rows that came since a cursor, asked of flow-ingest. The first answer only tells where "now" is. */
import { CALLS } from '@ringfence/contracts';
import type { Flow } from '@ringfence/contracts';
import type { Bus } from '@ringfence/bus';
import { z } from 'zod';

/** Rows are passed on as flow-ingest shows them. */
const Page = z.object({ cursor: z.string(), missed: z.number(), flows: z.array(z.custom<Flow>()) });

export async function recentFlows(bus: Bus, after: string): Promise<z.infer<typeof Page>> {
  const actor = { kind: 'system', id: 'gateway' } as const;
  const words = { collection: 'traffic_flows/recent', op: 'list', ids: [], query: { after }, body: null };
  const { body } = await bus.call(CALLS.flowResource, { org: 1, actor, ...words }, { deadlineMs: 5_000 });
  return Page.parse(body);
}
