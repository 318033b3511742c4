/**
 * Secrets that are shown once: cluster tokens and activation codes. Each has 256 random bits, so a plain SHA-256 can be turned
 * back as little as a slow hash, and wrong guesses cost nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export const newClusterToken = (): string => `1_${randomBytes(32).toString('hex')}`;

const KEY_ID_LENGTH = 16;
/** One long hex text: the first characters find the key, the rest prove it. */
export function newActivationCode(): { readonly id: string; readonly code: string } {
  const id = randomBytes(KEY_ID_LENGTH / 2).toString('hex');
  return { id, code: id + randomBytes(32).toString('hex') };
}
export const keyIdOf = (code: string): string => code.slice(0, KEY_ID_LENGTH);

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function isSecret(secret: string, hash: string): boolean {
  const [actual, expected] = [Buffer.from(hashSecret(secret), 'hex'), Buffer.from(hash, 'hex')];
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
