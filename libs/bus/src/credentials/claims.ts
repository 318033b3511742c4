/**
 * Signing the three kinds of NATS claims. Every limit is written as -1: the encoder's empty defaults mean zero to the
 * server ("maximum subscriptions exceeded").
 */
import { encodeAccount, encodeOperator, encodeUser } from '@nats-io/jwt';
import type { Exports, Imports, OperatorLimits, Permissions } from '@nats-io/jwt';
import type { Credentials } from '../bus.js';
import { createKeys, keysOfSeed } from './keys.js';

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS: OperatorLimits = {
  ...UNLIMITED,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
  disallow_bearer: false,
};
const WITH_JETSTREAM: OperatorLimits = {
  ...ACCOUNT_LIMITS,
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
  max_ack_pending: -1,
};

/** `signingKeys`: public keys that may sign accounts beside the operator's own. */
export function mintOperator(
  name: string,
  operatorSeed: string,
  systemAccount: string,
  signingKeys: readonly string[] = [],
): Promise<string> {
  return encodeOperator(name, bytes(operatorSeed), {
    system_account: systemAccount,
    signing_keys: [...signingKeys],
  });
}

export interface AccountClaims {
  readonly name: string;
  readonly publicKey: string;
  readonly operatorSeed: string;
  readonly jetstream: boolean;
  /** Public keys that may sign this account's users beside its own. */
  readonly signingKeys?: readonly string[];
  readonly imports?: Imports;
  readonly exports?: Exports;
  /** Connections at a time; a reconnect overlaps the connection before it. Absent: any number. */
  readonly connections?: number;
  /** Users of it that were signed up to then (seconds since the epoch) are cut off. */
  readonly revokedUpTo?: number;
}

export function mintAccount(account: AccountClaims): Promise<string> {
  return encodeAccount(
    account.name,
    account.publicKey,
    {
      limits: {
        ...(account.jetstream ? WITH_JETSTREAM : ACCOUNT_LIMITS),
        ...(account.connections !== undefined && { conn: account.connections }),
      },
      ...(account.revokedUpTo !== undefined && { revocations: { '*': account.revokedUpTo } }),
      signing_keys: [...(account.signingKeys ?? [])],
      imports: account.imports ?? [],
      exports: account.exports ?? [],
    },
    { signer: bytes(account.operatorSeed) },
  );
}

export interface UserClaims {
  readonly name: string;
  /** Seed of the account, or of one of its signing keys. */
  readonly issuerSeed: string;
  /** Public key of the account when the issuer is a signing key. */
  readonly account: string;
  readonly permissions: Permissions;
  /** Bytes of one message and subscriptions at a time; absent: the server's own limits. */
  readonly limits?: { readonly payload: number; readonly subs: number };
  /** Of whoever made the key; the minted `seed` is then empty. Absent: a key is made. */
  readonly publicKey?: string;
  /** Absent: no expiry (service users, kept by who installs). */
  readonly expiresInSeconds?: number;
}
export interface MintedUser extends Credentials {
  /** ISO instant; null: never. */
  readonly expiresAt: string | null;
}

export async function mintUser(user: UserClaims): Promise<MintedUser> {
  const keys = user.publicKey === undefined ? createKeys('user') : { publicKey: user.publicKey, seed: '' };
  const issuer = keysOfSeed(user.issuerSeed);
  const expires =
    user.expiresInSeconds === undefined ? null : Math.floor(Date.now() / 1_000) + user.expiresInSeconds;
  const jwt = await encodeUser(
    user.name,
    keys.publicKey,
    bytes(issuer.seed),
    {
      ...UNLIMITED,
      ...user.limits,
      ...user.permissions,
      ...(issuer.publicKey !== user.account && { issuer_account: user.account }),
    },
    expires === null ? {} : { exp: expires },
  );
  return {
    jwt,
    seed: keys.seed,
    expiresAt: expires === null ? null : new Date(expires * 1_000).toISOString(),
  };
}

function bytes(seed: string): Uint8Array {
  return new TextEncoder().encode(seed);
}
