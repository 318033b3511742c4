/** What the scope of a permission names stays as long as it does: who deletes it is told which permission that is. */
import type { EntityManager } from 'typeorm';
import type { GrantedLabel } from '../../domain/access/roles.js';
import { refuse } from '../../domain/refusal.js';
import type { RestRequest } from '../../domain/rest-request.js';
import { PERMISSIONS } from '../../read/access-documents.js';

/** More are counted. */
const MOST_NAMED = 10;
const KINDS = { 'labels delete': 'label', 'label_groups delete': 'label_group' } as const;

/** Before its owner is asked. A permission that is given at the same moment names what is not there, which gives nothing. */
export function refuseNamedByPermission(entities: EntityManager): (request: RestRequest) => Promise<void> {
  const kinds = new Map<string, GrantedLabel['kind']>(Object.entries(KINDS));
  return async ({ match: { route, ids } }) => {
    const kind = kinds.get(`${route.collection} ${route.op}`);
    if (kind === undefined) return;
    const naming = (await PERMISSIONS.documents.live(entities)).filter(({ body }) =>
      body.scope.some((entry) => entry.kind === kind && entry.id === ids[0]),
    );
    if (naming.length === 0) return;
    const hrefs = naming.slice(0, MOST_NAMED).map(({ id }) => `/orgs/1/permissions/${id}`);
    const more = naming.length > MOST_NAMED ? ` and ${String(naming.length - MOST_NAMED)} more` : '';
    throw refuse(
      `${kind}_referenced_by_permission`,
      `the scope of ${hrefs.join(', ')}${more} names it; an owner changes or deletes that first`,
    );
  };
}
