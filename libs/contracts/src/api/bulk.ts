/** Bodies of bulk calls. The items are checked one by one by the owner, because one wrong item must not refuse the others. */
import { z } from 'zod';

export const BULK_MAX = 1_000;
export const BulkBody = z.array(z.looseObject({})).max(BULK_MAX);
