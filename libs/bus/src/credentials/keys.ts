/** NATS keys (ed25519): made at random, or derived, so that nobody has to keep a secret per cluster. */
import { createHmac } from 'node:crypto';
import { createAccount, createOperator, createUser, fromSeed, Prefix } from '@nats-io/nkeys';
import { Codec } from '@nats-io/nkeys/lib/codec.js';

export interface NatsKeys {
  readonly publicKey: string;
  readonly seed: string;
}

const CREATE = { operator: createOperator, account: createAccount, user: createUser };
const text = new TextDecoder();

export function createKeys(kind: keyof typeof CREATE): NatsKeys {
  const pair = CREATE[kind]();
  return { publicKey: pair.getPublicKey(), seed: text.decode(pair.getSeed()) };
}

/** The same account key for the same purpose, as long as the operator's seed is the same. */
export function deriveAccountKeys(operatorSeed: string, purpose: string): NatsKeys {
  const raw = createHmac('sha256', operatorSeed).update(`ringfence account ${purpose}`).digest();
  return keysOfSeed(text.decode(Codec.encodeSeed(Prefix.Account, raw)));
}

export function keysOfSeed(seed: string): NatsKeys {
  return { publicKey: fromSeed(new TextEncoder().encode(seed.trim())).getPublicKey(), seed: seed.trim() };
}
