/** An attacker whose server is away has lost nothing but time: that it waits is no fault of whom it attacks. */
import { createKeys } from '@ringfence/bus';
import { startNats } from '@ringfence/testing';
import { connect } from 'nats';
import { expect, it } from 'vitest';
import { HostileLine } from './hostile-line.js';

it('attacks once its server is there', async () => {
  const nats = await startNats();
  await nats.stop();
  const opening = HostileLine.open(() => ({ natsUrl: nats.url, jwt: '', seed: createKeys('user').seed }));
  await nats.start();
  const line = await opening;
  const reader = await connect({ servers: nats.url });
  const arrived = (async () => {
    for await (const { subject } of reader.subscribe('flow.>')) return subject;
    return undefined;
  })();
  await reader.flush();
  line.fire(() => [{ subject: 'flow.c.batch.n', payload: {} }]);
  expect(await arrived).toBe('flow.c.batch.n');
  await line.close();
  await reader.close();
  await nats.close();
});
