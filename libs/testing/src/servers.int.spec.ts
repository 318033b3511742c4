import { connect } from 'nats';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startNats } from './nats-server.js';
import { startPostgres } from './postgres-server.js';

it('keeps what a killed Postgres had committed', async () => {
  const server = await startPostgres();
  const query = async (sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query(sql);
    await client.end();
    return rows;
  };
  await query('create table kept (n int)');
  await query('insert into kept values (1)');
  await server.kill();
  await server.start();
  expect(await query('select n from kept')).toEqual([{ n: 1 }]);
  await server.close();
});

it('starts a NATS server with JetStream again on the same port and files', async () => {
  const server = await startNats();
  const publish = async (): Promise<number> => {
    const nc = await connect({ servers: server.url });
    const jsm = await nc.jetstreamManager();
    await jsm.streams.add({ name: 'S', subjects: ['s.>'] });
    const ack = await nc.jetstream().publish('s.1', '{}');
    await nc.close();
    return ack.seq;
  };
  expect(await publish()).toBe(1);
  await server.kill();
  await server.start();
  expect(await publish()).toBe(2);
  await server.close();
});
