/** Bodies of bulk calls. The items are checked one by one by the owner, because one wrong item must not refuse the others. */
import { z } from 'zod';
import { Text } from '../text.js';

export const BULK_MAX = 1_000;
const bulkOf = (most: number) => z.array(z.looseObject({})).max(most);
export const BulkBody = bulkOf(BULK_MAX);
export const PrincipalsBulkBody = bulkOf(2_000);
export const isBulkBody = (schema: z.ZodType): boolean =>
  schema === BulkBody || schema === PrincipalsBulkBody;

const Refusals = z.array(z.object({ token: Text, message: Text }));
/** Of creations and changes, in the order of the items: `created`, `updated`, or why not. */
export const BulkAnswer = z.array(
  z.object({
    href: Text.optional(),
    status: z.enum(['created', 'updated', 'validation_failure']),
    token: Text.optional(),
    message: Text.optional(),
    /** Of a container workload profile that waits for a namespace. */
    pairing_key: Text.optional(),
  }),
);
/** Of deletions, those alone that were refused. */
export const BulkRefusals = z.array(z.object({ href: Text.optional(), errors: Refusals }));
