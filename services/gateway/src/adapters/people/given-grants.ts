/** From what a client writes to a grant, and back: the one way that permissions of people and of programs are made. */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { PermissionCreate } from '@ringfence/contracts';
import type { z } from 'zod';
import { isRole, takesScope } from '../../domain/access/roles.js';
import type { Grant, GrantedLabel, Role } from '../../domain/access/roles.js';
import { refuse } from '../../domain/refusal.js';
import { called } from '../answers/owner-answers.js';

export type WantedGrant = Pick<z.output<typeof PermissionCreate>, 'role' | 'scope'>;
export type GrantFrom = (wanted: WantedGrant) => Promise<Grant>;

const SYSTEM = { kind: 'system', id: 'gateway' } as const;
const HREF = {
  label: /^\/orgs\/1\/labels\/([1-9][0-9]{0,17})$/,
  label_group: /^\/orgs\/1\/sec_policy\/[a-z0-9]{1,20}\/label_groups\/([0-9a-f-]{36})$/,
} as const;

/** Labels and label groups are their owners': they say whether there are such, and of which type. */
export function grantFrom(bus: Pick<Bus, 'call'>): GrantFrom {
  return async ({ role: { href }, scope }) => {
    const role = roleOf(href);
    if (scope.length > 0 && !takesScope(role))
      throw refuse('input_validation_error', `scope: the role ${role} holds everywhere; leave it empty`);
    const entries = await Promise.all(scope.map((entry) => entryOf(bus, entry)));
    const once = new Map(entries.map((entry) => [`${entry.kind} ${entry.id}`, entry]));
    return { role, scope: [...once].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry) };
  };
}

export function shownGrant({ role, scope }: Grant): WantedGrant {
  return {
    role: { href: `/orgs/1/roles/${role}` },
    scope: scope.map(({ kind, id }): WantedGrant['scope'][number] =>
      kind === 'label'
        ? { label: { href: `/orgs/1/labels/${id}` } }
        : { label_group: { href: `/orgs/1/sec_policy/active/label_groups/${id}` } },
    ),
  };
}

function roleOf(href: string): Role {
  const role = href.split('/').at(-1) ?? '';
  if (isRole(role)) return role;
  throw refuse('reference_not_found', `role: there is no "${href}"; GET /orgs/1/roles lists them`);
}

async function entryOf(bus: Pick<Bus, 'call'>, entry: WantedGrant['scope'][number]): Promise<GrantedLabel> {
  const kind = 'label' in entry ? 'label' : 'label_group';
  const href = 'label' in entry ? entry.label.href : entry.label_group.href;
  const [, id] = HREF[kind].exec(href) ?? [];
  const key = id === undefined ? undefined : await keyOf(bus, kind, id);
  if (id === undefined || key === undefined)
    throw refuse(
      'reference_not_found',
      `scope: there is no ${kind.replace('_', ' ')} "${href.slice(0, 200)}"`,
    );
  return { kind, id, key };
}

/** Undefined: there is none. */
async function keyOf(
  bus: Pick<Bus, 'call'>,
  kind: GrantedLabel['kind'],
  id: string,
): Promise<string | undefined> {
  const request = { org: 1, actor: SYSTEM, op: 'get', ids: [id], query: {}, body: null };
  try {
    const { body } = await (kind === 'label'
      ? bus.call(CALLS.labelResource, { ...request, collection: 'labels' })
      : bus.call(CALLS.policyResource, { ...request, collection: 'label_groups', pversion: 'draft' }));
    const { key, deleted } = body as { readonly key: string; readonly deleted?: boolean };
    return deleted === true ? undefined : key;
  } catch (error) {
    if (error instanceof CallError && error.code === 'NOT_FOUND') return undefined;
    return called('', () => Promise.reject(error as Error));
  }
}
