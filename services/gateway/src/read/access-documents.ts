/** Who may what, as documents that are folded from the gateway's own events. */
import { documents } from '@ringfence/event-store';
import type { Documents } from '@ringfence/event-store';
import type { Grant } from '../domain/access/roles.js';
import type { Identified } from '../domain/record.decider.js';

export interface PrincipalState extends Identified {
  /** Of a user, in lower case. */
  readonly name: string;
  readonly displayName: string;
  readonly type: 'user' | 'group' | 'service_account';
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

function kind<T extends Identified>(word: string, table: string): RecordKind<T> {
  const inWords = table.replace(/s$/, '').replaceAll('_', ' ');
  return {
    word,
    stream: inWords.replaceAll(' ', '-'),
    inWords,
    documents: documents<T, string>({
      name: table,
      written: [`${word}Created`, `${word}Changed`],
      deleted: `${word}Deleted`,
    }),
  };
}

export const PRINCIPALS = kind<PrincipalState>('AuthSecurityPrincipal', 'auth_security_principals');
export const PERMISSIONS = kind<PermissionState>('Permission', 'permissions');

export const ACCESS_DOCUMENTS = [PRINCIPALS.documents, PERMISSIONS.documents] as const;
