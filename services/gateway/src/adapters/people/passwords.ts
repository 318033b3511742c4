/**
 * Hashes of passwords, which people choose: slow to try and large to hold (scrypt, 32 MiB and some 200 ms each; docs/decisions/0042). What
 * a hash was made with stands in it. One is computed at a time, so that a flood of log-ins leaves the machine to everybody else.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { oneAtATime } from '@ringfence/event-store';
import { refuse } from '../../domain/refusal.js';

const COST = { N: 32_768, r: 8, p: 3 } as const;
const KEY_BYTES = 32;
const MOST_MEMORY = 64 * 1024 * 1024;
const MOST_WAITING = 8;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const inTurn = oneAtATime();
let waiting = 0;

/** Of who shall choose his own, or has nobody to choose it. */
export const newPassword = (): string => randomBytes(18).toString('base64url');

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derived(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Of nobody: who tries a name that is not there waits as long as who tries one that is. */
const NOBODY = ['scrypt', COST.N, COST.r, COST.p, 'AAAAAAAAAAAAAAAAAAAAAA', 'A'.repeat(43)].join('$');

export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = (hash ?? NOBODY).split('$');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const tried = await derived(password, Buffer.from(salt, 'base64url'), cost);
  return timingSafeEqual(tried, Buffer.from(key, 'base64url')) && hash !== undefined;
}

async function derived(
  password: string,
  salt: Buffer,
  cost: Readonly<Record<'N' | 'r' | 'p', number>>,
): Promise<Buffer> {
  if (waiting >= MOST_WAITING) {
    throw refuse('too_many_requests_error', 'too many people log in at this moment; try again', {
      'retry-after': '5',
    });
  }
  waiting += 1;
  try {
    // Written in different ways on different keyboards, and yet the same.
    const text = password.normalize('NFKC');
    return await inTurn(() => derive(text, salt, KEY_BYTES, { ...cost, maxmem: MOST_MEMORY }));
  } finally {
    waiting -= 1;
  }
}
