/** Makes an account known to a running server, or takes the place of what it knew of it, through the system account. */
import { connect, jwtAuthenticator } from 'nats';
import { tlsOf } from '../link.js';
import { TransientError } from '../errors.js';
import type { Credentials } from '../bus.js';

const WITHIN_MS = 5_000;

interface ClaimsAnswer {
  readonly error?: { readonly description?: string };
}

/** Throws TransientError when the server cannot be reached, Error when it refuses the account. */
export async function pushAccount(
  servers: string,
  system: Credentials,
  accountJwt: string,
  caFile?: string,
): Promise<void> {
  const authenticator = jwtAuthenticator(system.jwt, new TextEncoder().encode(system.seed));
  let answer: ClaimsAnswer;
  try {
    const connection = await connect({
      servers: servers.split(','),
      authenticator,
      ...tlsOf(servers, caFile),
      timeout: WITHIN_MS,
      reconnect: false,
    });
    try {
      const reply = await connection.request('$SYS.REQ.CLAIMS.UPDATE', accountJwt, { timeout: WITHIN_MS });
      answer = reply.json<ClaimsAnswer>();
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw new TransientError('the NATS server took no account', { cause: error });
  }
  if (answer.error !== undefined)
    throw new Error(`NATS refused the account: ${answer.error.description ?? 'no reason given'}`);
}
