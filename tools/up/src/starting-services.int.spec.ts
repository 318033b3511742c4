/** A start is not given up because Postgres goes away in the middle of it: nobody would start the service again. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { pathToFileURL } from 'node:url';
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { afterAll, beforeAll, it } from 'vitest';
import { entryPoint } from './entry-points.js';

const OWNERS_OF_A_DATABASE = ['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'];
const WORDS_AT_FIRST = 20;
/** Five starts at once, as long as they take on a busy machine. */
const BUSY_MS = 240_000;

let nats: NatsServer;
let postgres: PostgresServer;
const services: ServiceProcess[] = [];
const ways: Server[] = [];

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  for (const way of ways) way.close();
  await Promise.all([nats.close(), postgres.close()]);
});

/**
 * A way to Postgres that breaks with the 20th word that goes over it, then with the 40th after that, the 60th, and so on: a start is cut off
 * in the middle of most of what it does, and comes through in the end.
 */
async function breakingWay(port: number): Promise<Server> {
  let untilBreak = WORDS_AT_FIRST;
  let next = WORDS_AT_FIRST;
  const way = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    const end = (): void => void [client, server].forEach((side) => side.destroy());
    for (const side of [client, server]) side.on('error', end).on('close', end);
    client.on('data', (data) => {
      untilBreak -= 1;
      if (untilBreak > 0) return void server.write(data);
      untilBreak = next += WORDS_AT_FIRST;
      end();
    });
    server.pipe(client);
  });
  await once(way.listen(0, '127.0.0.1'), 'listening');
  return way;
}

async function startService(name: string): Promise<ServiceProcess> {
  const way = await breakingWay(postgres.port);
  ways.push(way);
  const url = new URL(postgres.url);
  url.port = String((way.address() as AddressInfo).port);
  return startServiceProcess(pathToFileURL(entryPoint(`services/${name}`)), {
    NATS_URL: nats.url,
    DATABASE_URL: url.href,
    RINGFENCE_PORT: String(await freePort()),
  });
}

it(
  'starts every service although its way to Postgres breaks again and again',
  { timeout: BUSY_MS },
  async () => {
    services.push(...(await Promise.all(OWNERS_OF_A_DATABASE.map(startService))));
    const readiness = (): Promise<boolean[]> => Promise.all(services.map((service) => service.isReady()));
    await eventually(readiness, (ready) => ready.every(Boolean), BUSY_MS);
  },
);
