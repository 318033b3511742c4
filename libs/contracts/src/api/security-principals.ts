/** REST bodies of security principals: user groups of a directory, as data. No rule may name one, because no host of ours knows its users. */
import { z } from 'zod';
import { Text } from '../text.js';
import { BulkAnswer, PrincipalsBulkBody } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { Description, Href, objectMeta, ObjectName } from './href.js';

const Sid = Text.regex(
  /^[A-Za-z0-9][A-Za-z0-9-]{0,183}$/,
  'must be a SID such as S-1-5-21-1004336348-1177238915',
);

export const SecurityPrincipalCreate = z.strictObject({
  sid: Sid,
  name: ObjectName,
  description: Description,
});
export const SecurityPrincipalUpdate = z.strictObject({
  name: ObjectName.optional(),
  description: Description,
});

const SecurityPrincipalItem = z.looseObject({
  href: Href,
  ...objectMeta,
  sid: Text,
  name: Text,
  description: Text,
  deleted: z.boolean(),
  used_by_ruleset: z.boolean(),
});

export const securityPrincipalCollections = {
  security_principals: {
    create: SecurityPrincipalCreate,
    update: SecurityPrincipalUpdate,
    told: ['used_by_ruleset'],
    item: SecurityPrincipalItem,
    actions: { bulk_create: PrincipalsBulkBody },
    answers: { bulk_create: BulkAnswer },
    query: {
      name: Text.describe('part of the name, in whatever case'),
      sid: Text.describe('the whole of it'),
    },
  },
} as const satisfies CollectionContracts;
