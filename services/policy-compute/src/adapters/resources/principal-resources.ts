/** Security principals over REST: user groups of a directory, as data. */
import { PrincipalsBulkBody, SecurityPrincipalCreate, SecurityPrincipalUpdate } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { CallError } from '@ringfence/bus';
import { bulkAnswer, bulkItems, exact, invalid, notFound, page, parsed, partial } from '@ringfence/resources';
import type { Filters, Outcome } from '@ringfence/resources';
import type { z } from 'zod';
import type { StoredPrincipal } from '../../domain/policy-object.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import { metaOf } from '../../objects/view.js';
import type { Body } from '../../objects/view.js';
import { execute, executeEach } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

const FILTERS: Filters<StoredPrincipal> = {
  name: partial(({ name }) => name),
  sid: exact(({ id }) => id),
};

export async function answerPrincipals(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const { body, op } = request;
  const [id = ''] = request.ids;
  switch (op) {
    case 'list':
      return list(context, request);
    case 'get':
      return { body: await get(context, id) };
    case 'create': {
      const wanted = parsed(SecurityPrincipalCreate, body);
      await execute(context, request, () => making(wanted));
      return { body: await get(context, wanted.sid) };
    }
    case 'update': {
      const { name, description } = parsed(SecurityPrincipalUpdate, body);
      await execute(context, request, () => ({
        do: 'change-principal',
        id,
        name,
        description: description === null ? '' : description,
      }));
      return {};
    }
    case 'delete':
      await execute(context, request, () => ({ do: 'delete-principal', id }));
      return {};
    case 'bulk_create':
      return createEach(context, request);
    default:
      throw invalid(`security_principals has no operation "${op}"`);
  }
}

const making = ({ sid, name, description }: z.output<typeof SecurityPrincipalCreate>): PolicyIntent => ({
  do: 'make-principal',
  id: sid,
  name,
  description: description ?? '',
});

async function list(context: ResourceContext, { query }: ResourceRequest): Promise<ResourceResponse> {
  const all = [...(await context.book.current()).principals.values()];
  const { matched, shown } = page(all, query, FILTERS);
  return { body: shown.map(showPrincipal), total: all.length, matched: matched.length };
}

async function get(context: ResourceContext, id: string): Promise<Body> {
  const principal = (await context.book.current()).principals.get(id);
  if (principal === undefined) throw notFound(`security principal ${id}`);
  return showPrincipal(principal);
}

async function createEach(context: ResourceContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { body } = request;
  const items = bulkItems(SecurityPrincipalCreate, body, PrincipalsBulkBody);
  const wanted = items.flatMap((item) => (item instanceof CallError ? [] : [item]));
  const { refusals } = await executeEach(
    context,
    request,
    wanted.map((item) => () => making(item)),
  );
  const made = wanted.map(({ sid }, i): Outcome<string> => refusals[i] ?? sid);
  const outcomes = items.map((item) => (item instanceof CallError ? item : made.shift()!));
  return bulkAnswer(body, outcomes, (sid) => ({ href: principalHref(sid), status: 'created' }));
}

const principalHref = (sid: string): string => `/orgs/1/security_principals/${sid}`;

const showPrincipal = ({ id, name, description, touched }: StoredPrincipal): Body => ({
  href: principalHref(id),
  sid: id,
  name,
  description,
  deleted: false,
  used_by_ruleset: false,
  ...metaOf(touched, null),
});
