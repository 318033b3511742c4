/**
 * Lets a request in or not: whose token it brings, whom it acts as, and whether that user may do what it asks. A service
 * account's token is as good here as anywhere; without a token nobody is let in.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { unescaped } from '../request-target.js';
import type { ServiceAccountTokens } from '../service-account-tokens.js';
import { StatusError } from '../status-error.js';
import { actionForbidden, actionOf } from './action.js';
import type { Action, RequestLine } from './action.js';
import type { Authorizer } from './authorizer.js';
import { administrator, impersonatedGroups, serviceAccountOf } from './user.js';
import type { User } from './user.js';

type Headers = IncomingMessage['headersDistinct'];

const authentication = 'authentication.k8s.io';
const extraPrefix = 'impersonate-extra-';

export class Door {
  private readonly expected: Buffer;

  constructor(
    administratorToken: string,
    private readonly tokens: ServiceAccountTokens,
    private readonly authorizer: Authorizer,
  ) {
    this.expected = digest(administratorToken);
  }

  /** Who it is that may do this; throws 401 and 403. */
  admit(request: RequestLine, headers: Headers): User {
    const user = this.actingAs(this.sender(headers), headers);
    this.require(user, actionOf(request));
    return user;
  }

  private sender({ authorization }: Headers): User {
    const token = /^Bearer (.+)$/i.exec(authorization?.[0] ?? '')?.[1]?.trim() ?? '';
    if (timingSafeEqual(digest(token), this.expected)) return administrator;
    const user = this.tokens.userOf(token);
    if (user === undefined) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
    return user;
  }

  private actingAs(sender: User, headers: Headers): User {
    const wanted = impersonationIn(headers);
    if (wanted === undefined) return sender;
    for (const action of actionsToActAs(wanted)) this.require(sender, action);
    return { ...wanted, groups: impersonatedGroups(wanted.name, wanted.groups) };
  }

  private require(user: User, action: Action): void {
    const { isAllowed, reason } = this.authorizer.decide(user, action);
    if (!isAllowed) throw actionForbidden(user, action, reason);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function impersonationIn(headers: Headers): User | undefined {
  const [name] = headers['impersonate-user'] ?? [];
  const [uid] = headers['impersonate-uid'] ?? [];
  const groups = headers['impersonate-group'] ?? [];
  const extra = Object.entries(headers)
    .filter(([header]) => header.startsWith(extraPrefix))
    .map(([header, values]) => [unescaped(header.slice(extraPrefix.length)), values ?? []] as const);
  if (name !== undefined)
    return { name, groups, ...(uid === undefined ? {} : { uid }), extra: Object.fromEntries(extra) };
  if (groups.length + extra.length === 0 && uid === undefined) return undefined;
  throw new StatusError(
    500,
    'InternalError',
    'Internal error occurred: requested an impersonation without impersonating a user',
  );
}

/** Each of what it takes over has to be allowed. */
function actionsToActAs({ name, uid, groups, extra = {} }: User): Action[] {
  const account = serviceAccountOf(name);
  const impersonate = (resource: string, rest: object): Action => ({
    verb: 'impersonate',
    group: '',
    resource,
    ...rest,
  });
  return [
    account === undefined ? impersonate('users', { name }) : impersonate('serviceaccounts', account),
    ...groups.map((group) => impersonate('groups', { name: group })),
    ...(uid === undefined ? [] : [impersonate('uids', { group: authentication, name: uid })]),
    ...Object.entries(extra).flatMap(([subresource, values]) =>
      values.map((value) => impersonate('userextras', { group: authentication, subresource, name: value })),
    ),
  ];
}
