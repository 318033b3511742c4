/** Who may what, over REST: `roles`, `permissions`, and `auth_security_principals`, who have them. */
import { randomUUID } from 'node:crypto';
import {
  AuthSecurityPrincipalCreate,
  AuthSecurityPrincipalUpdate,
  PermissionCreate,
  PermissionUpdate,
  WantedScope,
} from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { byWord, partial } from '@ringfence/resources';
import type { z } from 'zod';
import type { EntityManager } from 'typeorm';
import { isRole, ROLES } from '../../domain/access/roles.js';
import type { Role } from '../../domain/access/roles.js';
import { refuse } from '../../domain/refusal.js';
import { actorOf } from '../../domain/rest-request.js';
import type { RestRequest } from '../../domain/rest-request.js';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import type { PermissionState, PrincipalState } from '../../read/access-documents.js';
import type { KnownGrants } from '../admission/known-grants.js';
import { shownGrant } from '../people/given-grants.js';
import type { GrantFrom } from '../people/given-grants.js';
import { anOwnerRemains } from '../people/grants.js';
import { refuseTooManyPermissions, refuseTooManyPrincipals } from '../people/limits.js';
import { removePrincipal } from '../people/principals.store.js';
import { callerRemains } from '../people/restrictions.js';
import { records } from '../people/records.store.js';
import { restrictionOf, shownPermission, wantedRestriction } from './account-views.js';
import type { Answer } from './answer.js';
import { collectionReply, maxResults } from './owner-answers.js';
import { recordAnswers } from './record-answers.js';

export function accessAnswers(
  store: EventStore,
  grants: KnownGrants,
  grantFrom: GrantFrom,
): Readonly<Record<string, Answer>> {
  return {
    ...roleAnswers(),
    ...permissionAnswers(store, grants, grantFrom),
    ...principalAnswers(store, grants),
  };
}

const hrefOf = (path: string): string => `/orgs/1/${path}`;
const idOf = (href: string): string => href.split('/').at(-1) ?? '';

function roleAnswers(): Readonly<Record<string, Answer>> {
  const show = (role: Role) => ({ href: hrefOf(`roles/${role}`), name: role });
  return {
    'roles list': async (request) => collectionReply({ body: ROLES.map(show) }, maxResults(request) ?? 500),
    'roles get': async ({ match }) => {
      const [name = ''] = match.ids;
      if (!isRole(name)) throw refuse('not_found_error', `there is no role ${name}`);
      return { status: 200, body: show(name) };
    },
  };
}

function permissionAnswers(
  store: EventStore,
  grants: KnownGrants,
  grantFrom: GrantFrom,
): Readonly<Record<string, Answer>> {
  return recordAnswers<PermissionState>({
    collection: 'permissions',
    records: records(store, PERMISSIONS),
    check: async (entities, { body, match }) => {
      if (match.route.op === 'create') await refuseTooManyPermissions(entities);
      await anOwnerRemains(entities);
      await eachOnce(entities);
      const given = (body as Partial<z.output<typeof PermissionCreate>> | undefined)?.auth_security_principal;
      // Who goes at the same moment is given nothing.
      if (given !== undefined) await principalOf(entities, given.href);
    },
    made: async (body) => {
      const { role, scope, auth_security_principal: principal } = PermissionCreate.parse(body);
      const grant = await grantFrom({ role, scope });
      return { ...grant, id: randomUUID(), principal: await principalOf(store.entities, principal.href) };
    },
    changed: async (body, current) => {
      const { role, scope, auth_security_principal: principal } = PermissionUpdate.parse(body);
      const before = shownGrant(current);
      return {
        ...((role ?? scope) &&
          (await grantFrom({ role: role ?? before.role, scope: scope ?? before.scope }))),
        ...(principal && { principal: await principalOf(store.entities, principal.href) }),
      };
    },
    show: ({ body }) => ({
      ...shownPermission(body),
      auth_security_principal: { href: hrefOf(`auth_security_principals/${body.principal}`) },
    }),
    filters: {
      role: ({ role }, wanted) => idOf(wanted) === role,
      scope: hasScope,
      auth_security_principal: ({ principal }, wanted) => idOf(wanted) === principal,
    },
    kept: grants.renew,
  });
}

/** A JSON list of hrefs, as such or as entries of a scope: just these. */
function hasScope({ scope }: PermissionState, wanted: string): boolean {
  const ids = new Set(hrefsIn(wanted).map(idOf));
  return ids.size === scope.length && scope.every(({ id }) => ids.has(id));
}

function hrefsIn(text: string): string[] {
  try {
    return WantedScope.parse(JSON.parse(text)).map((entry) =>
      typeof entry === 'string' ? entry : 'label' in entry ? entry.label.href : entry.label_group.href,
    );
  } catch {
    throw refuse('input_validation_error', 'scope: must be a JSON list of hrefs of labels and label groups');
  }
}

async function principalOf(entities: EntityManager, href: string): Promise<string> {
  const found = await PRINCIPALS.documents.get(entities, idOf(href));
  if (found !== null && found.deletedAt === null) return found.id;
  throw refuse('reference_not_found', `auth_security_principal: there is no "${href}"`);
}

/** Inside the transaction, like the check that an owner remains. */
export async function eachOnce(entities: EntityManager): Promise<void> {
  const all = await PERMISSIONS.documents.live(entities);
  const given = all.map(({ body: { principal, role, scope } }) => JSON.stringify([principal, role, scope]));
  if (new Set(given).size < given.length)
    throw refuse('permission_not_unique', 'the same role in the same scope is given already');
}

function principalAnswers(store: EventStore, grants: KnownGrants): Readonly<Record<string, Answer>> {
  const check = async (entities: EntityManager, request: RestRequest): Promise<void> => {
    if (request.match.route.op === 'create') await refuseTooManyPrincipals(entities);
    await anOwnerRemains(entities);
    await eachNameOnce(entities);
    await callerRemains(entities, request);
  };
  const kept = records(store, PRINCIPALS);
  const usual = recordAnswers<PrincipalState>({
    ...{ collection: 'auth_security_principals', records: kept, check, refuseChange: refuseAccount },
    made: async (body) => {
      const { name, display_name: displayName, type, ...wanted } = AuthSecurityPrincipalCreate.parse(body);
      const named = { name: nameOf(name, type), displayName: displayName ?? '', type };
      const restriction = await wantedRestriction(store.entities, wanted.access_restriction);
      return { id: randomUUID(), ...named, ...(typeof restriction === 'string' && { restriction }) };
    },
    changed: async (body, current) => {
      const { name, display_name: displayName, ...wanted } = AuthSecurityPrincipalUpdate.parse(body);
      const restriction = await wantedRestriction(store.entities, wanted.access_restriction);
      return {
        ...(restriction !== undefined && { restriction }),
        ...(name !== undefined && { name: nameOf(name, current.type) }),
        ...(displayName !== undefined && { displayName: displayName ?? '' }),
      };
    },
    show: ({ id, body }) => ({
      href: hrefOf(`auth_security_principals/${id}`),
      ...{ name: body.name, display_name: body.displayName, type: body.type },
      access_restriction: restrictionOf(body),
    }),
    filters: { name: partial(({ name }) => name), type: byWord('type', PRINCIPAL_TYPES, ({ type }) => type) },
    kept: grants.renew,
  });
  return {
    ...usual,
    'auth_security_principals delete': async (request) => {
      const { id, body } = await kept.get(request.match.ids[0] ?? '');
      refuseAccount(body);
      await removePrincipal(store, id, actorOf(request.caller), (entities) => check(entities, request));
      await grants.renew();
      return { status: 204 };
    },
  };
}

function refuseAccount({ type }: PrincipalState): void {
  if (type === 'service_account')
    throw refuse('service_account_only', 'this is a service account: change it at /service_accounts');
}

const PRINCIPAL_TYPES = ['user', 'group', 'service_account'];

/** As users' names are kept. */
const nameOf = (name: string, type: PrincipalState['type']): string =>
  type === 'user' ? name.toLowerCase() : name;

export async function eachNameOnce(entities: EntityManager): Promise<void> {
  const all = await PRINCIPALS.documents.live(entities);
  const names = all.map(({ body: { name, type } }) => JSON.stringify([type, name]));
  if (new Set(names).size < names.length)
    throw refuse(
      'auth_security_principal_name_not_unique',
      'there is a principal of that name and type; change that one',
    );
}
