/**
 * What a C-VEN has to sign, without a memory of what was asked: the time until which it holds, chance, and our mark on both. Signing
 * one twice gains nothing: the answer is a credential for the signer's own public key.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HOLDS_MS = 60_000;

export interface Challenges {
  issue(nowMs: number): string;
  isOurs(challenge: string, nowMs: number): boolean;
}

export function challenges(): Challenges {
  // A restart makes what was asked before worthless; whoever waits for an answer asks again.
  const secret = randomBytes(32);
  const mark = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
  return {
    issue: (nowMs) => {
      const text = `${nowMs + HOLDS_MS}.${randomBytes(16).toString('base64url')}`;
      return `${text}.${mark(text)}`;
    },
    isOurs: (challenge, nowMs) => {
      const end = challenge.lastIndexOf('.');
      const [expected, given] = [
        Buffer.from(mark(challenge.slice(0, end))),
        Buffer.from(challenge.slice(end + 1)),
      ];
      const isMarked = expected.length === given.length && timingSafeEqual(expected, given);
      return isMarked && Number(challenge.slice(0, challenge.indexOf('.'))) > nowMs;
    },
  };
}
