/** From where each account may come: the access restriction of its principal. And the one rule about all of them: who sets one is not locked out by it. */
import { actorHref } from '@ringfence/contracts';
import type { AccessWay } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Caller } from '../../domain/rest-request.js';
import { PRINCIPALS, RESTRICTIONS } from '../../read/access-documents.js';
import type { RestrictionState } from '../../read/access-documents.js';
import { users } from '../../read/users.js';
import { addressesOf } from '../admission/addresses.js';

/** By the account's href; who is not there may come from everywhere. */
export type Restrictions = ReadonlyMap<string, RestrictionState>;

export async function allRestrictions(entities: EntityManager): Promise<Restrictions> {
  const restrictions = new Map(
    (await RESTRICTIONS.documents.live(entities)).map(({ id, body }) => [id, body]),
  );
  if (restrictions.size === 0) return new Map();
  const ids = new Map((await users.live(entities)).map(({ id, body }) => [body.username, id]));
  const accounts = (await PRINCIPALS.documents.live(entities)).flatMap(({ id, body }) => {
    const restriction = restrictions.get(body.restriction ?? '');
    const account = body.type === 'service_account' ? id : ids.get(body.name);
    if (restriction === undefined || account === undefined || body.type === 'group') return [];
    return [[actorHref({ kind: body.type, id: account }), restriction] as const];
  });
  return new Map(accounts);
}

const wayOf = ({ username }: Pick<Caller, 'username'>): AccessWay =>
  username.startsWith('api_') ? 'api_keys' : 'user_sessions';

/** Undefined: he may come from there, in that way. */
export function barredFrom(
  restriction: RestrictionState | undefined,
  caller: Pick<Caller, 'username'>,
  address: string,
): Refusal | undefined {
  if (restriction === undefined || restriction.exclusions.includes(wayOf(caller))) return undefined;
  if (addressesOf(restriction.networks)(address)) return undefined;
  return refuse('address_not_permitted', `${address} is not among the addresses that you may come from`);
}

/** Inside the transaction that changes who may come from where, or with the address that he would have afterwards. */
export async function callerRemains(
  entities: EntityManager,
  { caller, ip }: { readonly caller: Caller | undefined; readonly ip: string },
): Promise<void> {
  if (caller === undefined) return;
  const restriction = (await allRestrictions(entities)).get(actorHref(caller.account));
  if (barredFrom(restriction, caller, ip) === undefined) return;
  throw refuse(
    'access_restriction_locks_out',
    `you come from ${ip}, and would be refused from there yourself: add it, or have somebody else do this`,
  );
}
