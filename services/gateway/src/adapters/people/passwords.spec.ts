import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './passwords.js';

describe('a password', () => {
  it('is known by its hash alone, also as another keyboard writes it', async () => {
    const hash = await hashPassword('a long caf\u00e9 password');
    expect(hash).not.toContain('password');
    expect(await isPassword('a long cafe\u0301 password', hash)).toBe(true);
    expect(await isPassword('another long password', hash)).toBe(false);
    expect(await isPassword('a long caf\u00e9 password', undefined)).toBe(false);
  });

  it('has another hash each time', async () => {
    expect(await hashPassword('the same password')).not.toBe(await hashPassword('the same password'));
  });

  it('is not tried while too many wait', async () => {
    const cheap = `scrypt$2$8$1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    const tries = Array.from({ length: 10 }, () => isPassword('some long password', cheap));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(2);
    expect(await isPassword('some long password', cheap)).toBe(false);
  });
});
