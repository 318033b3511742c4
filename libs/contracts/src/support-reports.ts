/**
 * Support reports: what clas-cache knows of one node, asked on the subjects of questions (`ask.<cluster>.<token>`, core NATS,
 * control server). A cluster that does not know the question leaves it alone, and whoever asks has a deadline.
 */
import { z } from 'zod';
import { Reference } from './api/href.js';
import { Instant } from './ids.js';
import { EnforcementMode } from './network.js';
import { NodeName, Text } from './text.js';

export const SupportQuestion = z.object({ supportReportOf: NodeName });
export type SupportQuestion = z.infer<typeof SupportQuestion>;

/** Of each kind; more are counted and not named. */
const MOST_IN_REPORT = 100;
const words = Text.max(500);
const name = Text.max(253);
const count = z.number().int().min(0);

export const NodeReport = z.object({
  at: Instant,
  node: NodeName,
  /** What the cluster lacks to be in sync, in words. */
  missing: z.array(words).max(MOST_IN_REPORT),
  policyVersion: z.number().int(),
  view: z.object({
    /** The revision that the node was told last; null: nothing yet. */
    told: z.number().int().nullable(),
    /** That its Pods have in their kernel, by its own word; null: it proved nothing. */
    acknowledged: z.number().int().nullable(),
    /** That everything on it has, its own table too. */
    everywhere: z.number().int().nullable(),
    /** Since when what it was told waits for its word; null: nothing does. */
    waitingSince: Instant.nullable(),
  }),
  agent: z.object({
    heardAt: Instant.nullable(),
    isDisconnected: z.boolean(),
    isUnpaired: z.boolean(),
    /** Pods whose own rules are in the kernel, by its word. */
    podsInKernel: count,
    failures: z.array(z.object({ pod: name, reason: Text.max(64), message: words })).max(MOST_IN_REPORT),
    failureCount: count,
  }),
  places: count,
  notInForce: z
    .array(
      z.object({
        namespace: name.nullable(),
        name,
        asked: EnforcementMode,
        inForce: EnforcementMode.nullable(),
        reason: Text.max(64),
        message: words,
        since: Instant,
      }),
    )
    .max(MOST_IN_REPORT),
  notInForceCount: count,
  /** What was dropped because the node had no right to say it, since clas-cache began. */
  refusedClaims: z.object({ count, lastAt: Instant.nullable() }),
});
export type NodeReport = z.infer<typeof NodeReport>;

export const SupportAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reported'), report: NodeReport }),
  z.object({ kind: z.literal('unknown-node'), message: words }),
]);
export type SupportAnswer = z.infer<typeof SupportAnswer>;

/** Of people, over REST. */
export const SupportReportRequestCreate = z.strictObject({ ven: Reference });
