/**
 * What the audit trail calls a request that changes something: the thing, a dot, what was done to it. It follows from the route, so a route
 * that is new is audited; only those are listed here that are called otherwise.
 */
import type { Route } from './route.js';

export interface RequestWords {
  readonly eventType: string;
  /** Of the object that it concerns. */
  readonly type: string;
  readonly changeType: 'create' | 'update' | 'delete';
}

const EVENT_TYPES: Readonly<Record<string, string>> = {
  'pairing_profiles pairing_key': 'pairing_profile.create_pairing_key',
  'pairing_profiles delete_pairing_keys': 'pairing_profile.delete_all_pairing_keys',
  'sec_policy provision': 'sec_policy.create',
  'sec_policy restore': 'sec_policy.restore',
  'sec_policy revert': 'sec_policy_pending.delete',
  'sec_policy revert_pending': 'sec_policy_pending.delete',
};
const TYPES: Readonly<Record<string, string>> = {
  sec_policy: 'sec_policy',
  'settings/trusted_proxy_ips': 'trusted_proxy_ips',
  settings: 'organisation_settings',
  'settings/events': 'event_settings',
  'settings/workloads': 'workload_settings',
  'settings/syslog/destinations': 'syslog_destination',
};
const CHANGE_TYPES = ['create', 'update', 'delete'] as const;

/** Null: it changes nothing. */
export function wordsOfRequest({
  method,
  needs,
  collection,
  op,
  path,
}: Pick<Route, 'method' | 'needs' | 'collection' | 'op' | 'path'>): RequestWords | null {
  // Who logs in, and what a cluster or an agent comes with, is told by what comes of it.
  if (method === 'GET' || needs !== 'write') return null;
  const many = collection.slice(collection.lastIndexOf('/') + 1);
  const type = TYPES[collection] ?? singularOf(many);
  const isUsual = CHANGE_TYPES.some((each) => each === op);
  // `workloads.bulk_create` is of many; `pairing_profile.create_pairing_key` of the one that its path names.
  const subject = isUsual || isOfOne(path) ? type : many;
  const eventType = EVENT_TYPES[`${collection} ${op}`] ?? `${subject}.${op}`;
  return { eventType, type, changeType: changeTypeOf(eventType) };
}

export const changeTypeOf = (eventType: string): RequestWords['changeType'] =>
  CHANGE_TYPES.find((each) => eventType.endsWith(`.${each}`) || eventType.endsWith(`.bulk_${each}`)) ??
  'update';

/** Its last parameter names an object of the collection: one word follows, what is done. */
const isOfOne = (path: string): boolean =>
  /\{[^}]+\}\/[a-z_]+$/.test(path) && !/\{org\}\/[a-z_]+$/.test(path);

/** What there is one of keeps its word: `firewall_settings`. */
const singularOf = (many: string): string =>
  many.endsWith('settings') || many.endsWith('_features')
    ? many
    : many.replace(/ies$/, 'y').replace(/(?<!s)s$/, '');
