/** Secrets that are shown once: cluster tokens and activation codes. Only scrypt hashes are kept. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const KEY_BYTES = 32;

export const newClusterToken = (): string => `1_${randomBytes(32).toString('hex')}`;

const KEY_ID_LENGTH = 16;
/** One long hex text: the first characters find the key, the rest prove it. */
export function newActivationCode(): { readonly id: string; readonly code: string } {
  const id = randomBytes(KEY_ID_LENGTH / 2).toString('hex');
  return { id, code: id + randomBytes(32).toString('hex') };
}
export const keyIdOf = (code: string): string => code.slice(0, KEY_ID_LENGTH);

export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('hex')}$${(await derive(secret, salt, KEY_BYTES)).toString('hex')}`;
}

export async function isSecret(secret: string, hash: string): Promise<boolean> {
  const [, salt, key] = hash.split('$');
  if (salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, 'hex');
  const actual = await derive(secret, Buffer.from(salt, 'hex'), KEY_BYTES);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
