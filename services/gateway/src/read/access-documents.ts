/** Who may what, as documents that are folded from the gateway's own events. */
import type { AccessWay } from '@ringfence/contracts';
import { documents } from '@ringfence/event-store';
import type { Documents } from '@ringfence/event-store';
import type { Grant } from '../domain/access/roles.js';
import type { Identified } from '../domain/record.decider.js';

export interface PrincipalState extends Identified {
  /** Of a user, in lower case. */
  readonly name: string;
  readonly displayName: string;
  readonly type: 'user' | 'group' | 'service_account';
  /** Of a service account, which is this and nothing else. */
  readonly description?: string;
  /** Id of the access restriction that says from where he may come; none, or null: from everywhere. */
  readonly restriction?: string | null;
}
export interface RestrictionState extends Identified {
  readonly name: string;
  readonly description: string;
  /** Addresses, and networks in CIDR notation. */
  readonly networks: readonly string[];
  /** Ways in for which it does not hold. */
  readonly exclusions: readonly AccessWay[];
}
export interface PermissionState extends Identified, Grant {
  /** Id of the auth security principal that has it. */
  readonly principal: string;
}

/** What is made, changed and deleted in one way: its word in events, in streams and in sentences, and its table. */
export interface RecordKind<T extends Identified = Identified> {
  readonly word: string;
  readonly stream: string;
  readonly inWords: string;
  readonly documents: Documents<T>;
}

function kind<T extends Identified>(
  word: string,
  table: string,
  indexed: readonly (keyof T & string)[] = [],
): RecordKind<T> {
  const inWords = table.replace(/s$/, '').replaceAll('_', ' ');
  return {
    word,
    stream: inWords.replaceAll(' ', '-'),
    inWords,
    documents: documents<T, string>({
      ...{ name: table, indexed },
      written: [`${word}Created`, `${word}Changed`],
      deleted: `${word}Deleted`,
    }),
  };
}

export const PRINCIPALS = kind<PrincipalState>('AuthSecurityPrincipal', 'auth_security_principals');
export const PERMISSIONS = kind<PermissionState>('Permission', 'permissions', ['principal']);

export const RESTRICTIONS = kind<RestrictionState>('AccessRestriction', 'access_restrictions');

export const ACCESS_DOCUMENTS = [
  PRINCIPALS.documents,
  PERMISSIONS.documents,
  RESTRICTIONS.documents,
] as const;
