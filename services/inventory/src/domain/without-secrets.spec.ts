import { describe, expect, it } from 'vitest';
import { REMOVED, withoutSecrets } from './without-secrets.js';

const SEED = `SU${'A2B3C4D5E6F7G'.repeat(5).slice(0, 56)}`;
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2RlLTEifQ.c2lnbmF0dXJl';
const PLANTED: Readonly<Record<string, string>> = {
  [SEED]: `no way in with ${SEED}: refused`,
  [JWT]: `the server said no to ${JWT}.`,
  MIIEvQIBADANBg: '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----',
  MIIEcutshort: 'read -----BEGIN EC PRIVATE KEY-----\nMIIEcutshort',
  hunter22: 'registry https://robot:hunter22@registry.example/v2 answered 401',
  dXNlcjpwYXNz: 'sent Authorization: Basic dXNlcjpwYXNz',
  's3cr3t!': 'could not log in: password="s3cr3t!", user=ringfence',
  'horse battery': 'could not log in: password="correct horse battery", user=ringfence',
  's3cr3t word': String.raw`the body {\"password\": \"s3cr3t word\"} was refused`,
  'a b c': "token: 'a b c",
  'ss@registry': 'registry https://robot:p@ss@registry.example/v2 answered 401',
  hunter33: 'ran login --user robot --password hunter33',
  'wJalr/K7': 'aws_secret_access_key = wJalr/K7',
  c0okie: 'Set-Cookie: session=c0okie; Path=/',
  YWJjZA: 'X-Registry-Auth: YWJjZA',
  'abc.def': 'GET /x?token=abc.def',
  ['9f'.repeat(32)]: `cluster token 1_${'9f'.repeat(32)} is not known`,
  ['0123456789abcdef'.repeat(5)]: `activation ${'0123456789abcdef'.repeat(5)} was used`,
};

describe('a value without secrets', () => {
  it('keeps none of those that texts quote, wherever they are', () => {
    for (const [secret, text] of Object.entries(PLANTED)) {
      const cleaned = JSON.stringify(withoutSecrets({ errors: [{ message: text }] }));
      expect([text, cleaned.includes(secret)]).toEqual([text, false]);
      expect(cleaned).toContain(REMOVED);
    }
  });

  it('keeps nothing that a field named so holds', () => {
    for (const name of [
      'password',
      'clusterToken',
      'pairing_key',
      'publicKey',
      'seed',
      'Authorization',
      'jwt',
    ])
      expect(withoutSecrets({ [name]: { any: ['thing'] } })).toEqual({ [name]: REMOVED });
  });

  it('leaves what people look for: names, ids, addresses, numbers, words', () => {
    const kept = {
      node: 'ip-10-0-0-1.eu-central-1.compute.internal',
      pod: '3f2a9c1e-7b1d-4c55-9d0a-0123456789ab',
      name: 'checkout-service-with-a-long-name-7d9c5b6f4d-x2x9z',
      message: 'node-1 has not been heard since 2026-01-31T12:00:00.000Z; its last rules stay in the kernel',
      image: 'https://registry.example:5000/ringfence/cven:1.2.3',
      address: 'fd00:1234:5678:9abc:def0:1234:5678:9abc',
      count: 7,
      invalid:
        'agent_token_invalid: the token of node-1 expired at 2026-01-31; no credential for the password of anybody',
      reason: 'a_reason_of_many_words_that_nobody_takes_for_a_key',
      nothing: null,
    };
    expect(withoutSecrets(kept)).toEqual(kept);
  });
});
