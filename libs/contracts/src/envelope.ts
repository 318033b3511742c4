/** The envelope of every stored and published event: the same on disk and on the bus. Trace context travels in headers. */
import { z } from 'zod';
import { Instant } from './ids.js';
import { Text } from './text.js';

export const Actor = z.object({
  kind: z.enum(['user', 'service_account', 'container_cluster', 'agent', 'system']),
  /** `1` for user 1, a service account's or a cluster's uuid, a node's name, or the service's name. */
  id: Text.min(1).max(253),
});
export type Actor = z.infer<typeof Actor>;

export const Envelope = z.object({
  id: z.uuid(),
  type: Text.min(1),
  v: z.number().int().positive(),
  /** `<entity>-<id>`: the stream (aggregate) that the event belongs to. */
  stream: Text.min(1),
  version: z.number().int().positive(),
  /** Commit order in the owner's store. */
  position: z.number().int().positive(),
  at: Instant,
  cluster: Text.min(1),
  actor: Actor,
  correlation: Text.optional(),
  causation: Text.optional(),
  data: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;
