/** A request that has been let in, and what is answered: the words between the HTTP server and those who answer. */
import { actorHref } from '@ringfence/contracts';
import type { Actor, ObjectChange } from '@ringfence/contracts';
import type { Grant } from './access/roles.js';
import type { RouteMatch } from './route-match.js';

/** Who has keys and permissions: a person, or a program that is nobody's. */
export type Account = Actor & { readonly kind: 'user' | 'service_account' };

export interface Caller {
  readonly account: Account;
  /** By which he signs: `api_…` or `user_…`. */
  readonly username: string;
  readonly grants: readonly Grant[];
  /** By a key that may only read, whoever's it is. */
  readonly readsOnly?: true;
  /** Of who has logged in. */
  readonly session?: string;
  /** The token that his password was exchanged for. */
  readonly logsIn?: string;
  /** Of the password that he has shown. */
  readonly proof?: string;
}

export interface RestRequest {
  readonly id: string;
  /** Below `/api/v2`. */
  readonly path: string;
  readonly match: RouteMatch;
  /** Undefined on routes that need nothing. */
  readonly caller: Caller | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed with the route's schema; undefined where none is expected. */
  readonly body: unknown;
  /** The other end of the connection: the client, or a proxy. */
  readonly peer: string;
  /** The client's. */
  readonly ip: string;
}

export interface RestReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; undefined: no body. */
  readonly body?: unknown;
  /** Text or bytes that are sent as they come, instead of `body`. */
  readonly stream?: AsyncIterable<string | Uint8Array>;
  readonly contentType?: string;
  /** For the audit trail; not sent. */
  readonly change?: ObjectChange;
  /** Of a bulk call, where its owner tells. */
  readonly changes?: readonly ObjectChange[];
}

/** Names and labels in it are what users wrote: no browser shall show it as a page. */
export const asFile = (name: string): Readonly<Record<string, string>> => ({
  'content-disposition': `attachment; filename="${name}"`,
});

export function actorOf(caller: Caller | undefined): Actor {
  return caller?.account ?? { kind: 'system', id: 'gateway' };
}

/** Undefined: it is no person. */
export const userOf = (caller: Caller | undefined): string | undefined =>
  caller?.account.kind === 'user' ? caller.account.id : undefined;

/** As the audit trail names him. */
export function creatorOf(caller: Caller | undefined): Record<string, unknown> {
  if (caller === undefined) return { system: {} };
  const { account, username } = caller;
  return { [account.kind]: { href: actorHref(account), username } };
}
