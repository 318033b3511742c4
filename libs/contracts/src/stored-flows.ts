/**
 * What policy-compute asks of flow-ingest to judge all that is stored: first who was seen, then the flows of those whom a change concerns,
 * added up by which ends are alike. Who is alike only the asker knows; a million flows stay where they are.
 */
import { z } from 'zod';
import { Instant } from './ids.js';
import { Verdict } from './network.js';
import { Text } from './text.js';

/** In one answer; of ends those seen longest ago are left out, of kinds of flows the least busy, which are counted. */
export const MOST_STORED = { ends: 100_000, kinds: 20_000 } as const;

const count = z.number().int().nonnegative();
const EndNumber = z.number().int();
export const EndsSeenRequest = z.object({ since: Instant });
/** Its number is flow-ingest's; its name a workload's id, or an address. */
export const EndsSeen = z.object({
  ends: z.array(z.object({ number: EndNumber, name: Text, is: z.enum(['workload', 'address']) })),
});
export type EndsSeen = z.infer<typeof EndsSeen>;

export const FlowKindsRequest = z.object({
  /** A StoredFlowsChoice: it is for the owner of flows to judge, as any body of the API. */
  choice: z.unknown(),
  /** Which of the asker's kinds an end is of. */
  kinds: z.array(z.object({ number: EndNumber, kind: z.number().int() })).max(MOST_STORED.ends),
  /** Only flows from or to one of these. */
  concerned: z.array(EndNumber).max(MOST_STORED.ends),
});
export type FlowKindsRequest = z.infer<typeof FlowKindsRequest>;

/** Flows that are alike. */
export const FlowKind = z.object({
  /** Of one of them. Null: one of its ends is of no kind. */
  ends: z.object({ src: EndNumber, dst: EndNumber }).nullable(),
  proto: count,
  port: count,
  /** As it was seen: of both reports, the worse. */
  verdict: Verdict,
  essential: z.boolean(),
  flows: count,
  connections: count,
  lastAt: Instant,
});
export type FlowKind = z.infer<typeof FlowKind>;
export const FlowKinds = z.object({
  kinds: z.array(FlowKind),
  /** All that match, concerned or not. */
  stored: count,
  /** Of those concerned, the flows of kinds that are not in the answer. */
  beyond: count,
});
export type FlowKinds = z.infer<typeof FlowKinds>;
