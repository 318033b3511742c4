/** For specs of credentials: manifests of services that matter there, and the client below the bus, to try what the bus would never do. */
import type { ServiceManifest } from '@ringfence/contracts';
import type { NatsServer } from '@ringfence/testing';
import { connect, jwtAuthenticator } from 'nats';
import type { NatsConnection } from 'nats';
import type { Credentials } from '../bus.js';

export const A = '11111111-1111-4111-8111-111111111111';
export const B = '22222222-2222-4222-8222-222222222222';
const manifest = (service: string, more: Partial<ServiceManifest>): ServiceManifest => ({
  service,
  consumes: [],
  emits: [],
  serves: [],
  calls: [],
  ...more,
});
export const inventory = manifest('inventory', {
  consumes: [
    {
      stream: 'OBSERVATIONS',
      filter: 'obs.*.pod.*',
      durable: 'inventory-pods',
      mode: 'durable',
      server: 'control',
    },
  ],
  serves: ['standing'],
});
export const compute = manifest('policy-compute', {
  consumes: [
    {
      stream: 'POLICY',
      filter: 'policy.*.labels.*',
      durable: 'catalogue',
      mode: 'latest',
      server: 'control',
    },
  ],
  emits: ['policy.>', 'ask.*.*'].map((subject) => ({ subject, server: 'control' as const })),
  calls: ['standing'],
  listens: [{ subject: 'answer.*.*', server: 'control' }],
});
export const clasCache = manifest('clas-cache', {
  emits: ['policy.*.view.*', 'policy.*.readiness.*'].map((subject) => ({
    subject,
    server: 'cluster' as const,
  })),
  serves: ['nodeSnapshot'],
});

export function raw(
  server: NatsServer,
  { jwt, seed }: Credentials,
  inboxPrefix?: string,
): Promise<NatsConnection> {
  const authenticator = jwtAuthenticator(jwt, new TextEncoder().encode(seed));
  return connect({
    servers: server.url,
    authenticator,
    reconnect: false,
    ...(inboxPrefix !== undefined && { inboxPrefix }),
  });
}

/** Notes what comes; a refused subscription just ends. */
export function listen(connection: NatsConnection, subject: string, heard: string[]): void {
  connection.subscribe(subject, {
    callback: (error, message) => void (error === null && heard.push(message.subject)),
  });
}
