/** Networks: the corporate one, what is beyond it, link-local addresses, and each cluster's for its Pods. Read-only. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { partOf } from './query.js';
import { Text } from '../text.js';

export const networkCollections = {
  networks: {
    item: z.object({ href: Text, name: Text, data_center: Text, cidr_blocks: z.array(Text) }),
    query: { name: partOf, data_center: partOf },
  },
} as const satisfies CollectionContracts;
