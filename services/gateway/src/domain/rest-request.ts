/** A request that has been let in, and what is answered: the words between the HTTP server and those who answer. */
import type { Actor, ObjectChange } from '@ringfence/contracts';
import type { Grant } from './access/roles.js';
import type { RouteMatch } from './route-match.js';

export interface Caller {
  readonly user: string;
  readonly username: string;
  readonly grants: readonly Grant[];
  /** By a key that may only read, whoever's it is. */
  readonly readsOnly?: true;
  /** Of who has logged in. */
  readonly session?: string;
  /** By the token that his password was exchanged for. */
  readonly logsIn?: true;
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
  readonly ip: string;
}

export interface RestReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; undefined: no body. */
  readonly body?: unknown;
  /** Text that is sent as it comes, instead of `body`. */
  readonly stream?: AsyncIterable<string>;
  readonly contentType?: string;
  /** For the audit trail; not sent. */
  readonly change?: ObjectChange;
}

/** Names and labels in it are what users wrote: no browser shall show it as a page. */
export const asFile = (name: string): Readonly<Record<string, string>> => ({
  'content-disposition': `attachment; filename="${name}"`,
});

export function actorOf(caller: Caller | undefined): Actor {
  return caller === undefined ? { kind: 'system', id: 'gateway' } : { kind: 'user', id: caller.user };
}
