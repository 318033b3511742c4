/** `settings/traffic_collector`: which flows are not kept, chiefly of what is sent to everybody at once. */
import { z } from 'zod';
import { Port, Protocol } from '../network.js';
import { Text } from '../text.js';
import type { CollectionContracts } from './collection.js';
import { Href } from './href.js';

/** Which flows a setting is about, beside how they are sent. */
export const TrafficTarget = z.strictObject({
  proto: Protocol,
  /** −1: any. */
  dst_port: z.union([z.literal(-1), Port]).nullish(),
  /** Each an address or a CIDR; left out: any. */
  dst_ip: Text.max(64).nullish(),
  src_ip: Text.max(64).nullish(),
  /** Kept and shown: flows are added up over their source ports, so that none is dropped for one. −1: any. */
  src_port: z.union([z.literal(-1), Port]).nullish(),
});

const LETTERS = ['B', 'M', 'U'] as const;

export const TrafficCollectorCreate = z.strictObject({
  /** As a word, or by the letter that a GET shows. */
  transmission: z.enum(['broadcast', 'multicast', 'unicast', ...LETTERS]),
  /** Flows are added up by day in any case: that is what `aggregate` asks. */
  action: z.enum(['drop', 'aggregate']),
  target: TrafficTarget.nullish(),
  data_source: z.enum(['any', 'server', 'endpoint']).nullish(),
  network: z.enum(['any', 'corporate', 'external']).nullish(),
});
export type TrafficCollectorCreate = z.infer<typeof TrafficCollectorCreate>;
export const TrafficCollectorUpdate = TrafficCollectorCreate.partial();

export const TrafficCollectorItem = z.object({
  href: Href,
  /** By its first letter. */
  transmission: z.enum(LETTERS),
  action: z.enum(['drop', 'aggregate']),
  target: TrafficTarget.optional(),
  data_source: z.enum(['any', 'server', 'endpoint']),
  network: z.enum(['any', 'corporate', 'external']),
  /** Why nothing follows from it; left out where it has its effect. */
  not_enforced: Text.optional(),
});
export type TrafficCollectorItem = z.infer<typeof TrafficCollectorItem>;

export const trafficCollectorCollections = {
  'settings/traffic_collector': {
    create: TrafficCollectorCreate,
    update: TrafficCollectorUpdate,
    item: TrafficCollectorItem,
  },
} as const satisfies CollectionContracts;
