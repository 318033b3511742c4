/** The text form of a NATS user's credential: JWT and seed between their markers, as every NATS tool reads it. */
import { readFileSync } from 'node:fs';
import type { Credentials } from '../bus.js';

export function formatCreds({ jwt, seed }: Credentials): string {
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
}

export function parseCreds(text: string): Credentials {
  const jwt = /BEGIN NATS USER JWT-+\s+(\S+)/.exec(text)?.[1];
  const seed = /BEGIN USER NKEY SEED-+\s+(\S+)/.exec(text)?.[1];
  if (jwt === undefined || seed === undefined)
    throw new Error('not a NATS creds file: JWT or seed is missing');
  return { jwt, seed };
}

/** For `BusOptions.credentials`: read again at every connection, so that a replaced file is taken up. */
export function credsFile(path: string): () => Credentials {
  return () => parseCreds(readFileSync(path, 'utf8'));
}
