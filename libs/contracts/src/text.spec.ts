import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { API, CALLS, CredentialRequest, EdgeExchange, isText, Text } from './index.js';

const BAD = ['\0', 'a\0b', '\ud800', 'a\udfffb', '\udc00\ud800'];

describe('text', () => {
  it('is any Unicode but NUL and halves of surrogate pairs', () => {
    for (const text of ['', 'naïve', '💡', 'a\u0001\n', '\ufffd']) expect(isText(text)).toBe(true);
    for (const text of BAD) expect(isText(text)).toBe(false);
  });

  it('keeps what is refused out of keys too', () => {
    const schema = z.record(Text, Text);
    for (const text of BAD) {
      expect(schema.safeParse({ [text]: 'x' }).success).toBe(false);
      expect(schema.safeParse({ x: text }).success).toBe(false);
    }
  });

  it('is what strangers are asked in', () => {
    for (const text of BAD) {
      expect(EdgeExchange.safeParse({ cluster: `c${text}`, token: 't' }).success).toBe(false);
      expect(CALLS.exchangeToken.request.safeParse({ cluster: 'c', token: `t${text}` }).success).toBe(false);
      const kubelink = { role: 'kubelink', cluster: `c${text}`, token: 't' };
      expect(CredentialRequest.safeParse(kubelink).success).toBe(false);
      expect(API['labels']?.create?.safeParse({ key: 'role', value: `v${text}` }).success).toBe(false);
    }
  });
});
