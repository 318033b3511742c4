/** Who asks: what a token, an impersonation or a review says of a user, and the groups that everybody is in by that. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const mastersGroup = 'system:masters';
const authenticatedGroup = 'system:authenticated';
const anonymousName = 'system:anonymous';
const serviceAccountPrefix = 'system:serviceaccount:';

/** The holder of the kubeconfig that the sandbox writes. */
export const administrator: User = { name: 'sandbox', groups: [mastersGroup, authenticatedGroup] };

export const serviceAccountName = (namespace: string, name: string): string =>
  `${serviceAccountPrefix}${namespace}:${name}`;

export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, authenticatedGroup];
}

export interface AccountPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Undefined for a user that is no service account. */
export function serviceAccountOf(user: string): AccountPlace | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', name = '', ...surplus] = user.slice(serviceAccountPrefix.length).split(':');
  return namespace === '' || name === '' || surplus.length > 0 ? undefined : { namespace, name };
}

/** What somebody who acts as this user belongs to: a service account's groups only if none are named. */
export function impersonatedGroups(user: string, named: readonly string[]): string[] {
  const account = serviceAccountOf(user);
  const groups =
    named.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : named;
  if (user === anonymousName) return groups.length > 0 ? [...groups] : ['system:unauthenticated'];
  return [...new Set([...groups, authenticatedGroup])];
}
