/** What the server never takes does not hold up what is behind it, and a server that is away is not stormed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { FlowBatch, NodeSandboxes } from '@ringfence/contracts';
import { eventually, startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Uplink } from './uplink.js';

let nats: NatsServer;
let bus: Bus;
beforeAll(async () => {
  // The least that the largest of our other messages needs is far below it.
  nats = await startNats({
    config: ({ port, directory }) =>
      `listen: "127.0.0.1:${port}"\nmax_payload: 1MB\njetstream { store_dir: "${directory}", max_file_store: 64GB }`,
  });
  bus = await connectBus({ servers: nats.url, name: 'n1', server: 'cluster' });
  await ensureStreams(bus, 'cluster');
});
afterAll(async () => {
  await bus.close();
  await nats.close();
});

const flow: Omit<FlowBatch['reporters'][number]['flows'][number], 'rule'> = {
  src: '10.0.0.1',
  dst: '10.0.0.2',
  direction: 'inbound',
  proto: 6,
  port: 80,
  verdict: 'allowed',
  state: 'new',
  connections: 1,
  bytesOut: 1,
  bytesIn: 1,
  ruleClass: null,
};
const batch = (n: number, bytes: number): FlowBatch => ({
  ...{ id: `n1/b/${n}`, node: 'n1', revision: 1, policyVersion: 1, overflow: 0 },
  ...{ from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:10.000Z' },
  reporters: [{ id: 'pod', mode: 'full', flows: [{ ...flow, rule: 'r'.repeat(bytes) }] }],
});

it('drops and counts a flow batch that is too large, and goes on with the next', async () => {
  let dropped = 0;
  const done: string[] = [];
  const said: string[] = [];
  const stored: string[] = [];
  await bus.latest(
    'FLOWS',
    subjects.flow('c', 'n1'),
    ({ payload }) => void stored.push((payload as FlowBatch).id),
  );
  const uplink = new Uplink({
    ...{ cluster: 'c', node: 'n1', bootId: 'b', queueBytes: 64 * 1024 ** 2 },
    onDropped: (flows) => (dropped += flows),
    onFlowsDone: (id) => done.push(id),
    onError: (what) => said.push(what),
  });
  uplink.flowBatches([batch(1, 2 * 1024 ** 2), batch(2, 10)]);
  uplink.connect(bus);
  await eventually(() => stored.includes('n1/b/2'));
  await eventually(() => done.length === 2);
  expect([dropped, uplink.waiting, said.length]).toEqual([1, 0, 1]);
  await uplink.close(1_000);
});

it('tries once a second while nobody takes anything, however much there is to tell, and tells it all in the end', async () => {
  const said: string[] = [];
  const lists: string[][] = [];
  const reader = await bus.latest('AGENTS', subjects.sandboxes('c', 'n2'), ({ payload }) => {
    lists.push((payload as NodeSandboxes).sandboxes.map(({ podUid }) => podUid));
  });
  const away = await startNats();
  const link = await connectBus({ servers: away.url, name: 'n2', server: 'cluster' });
  await away.stop();
  await eventually(() => !link.isConnected());
  const uplink = new Uplink({
    ...{ cluster: 'c', node: 'n2', bootId: 'b', queueBytes: 1024 ** 2 },
    ...{ onDropped: () => undefined, onFlowsDone: () => undefined, onError: (what) => said.push(what) },
  });
  uplink.connect(link);
  const pods = Array.from({ length: 50 }, (_, n) => `pod-${n}`);
  const from = performance.now();
  for (const podUid of pods) {
    uplink.sandboxSeen(podUid, { podUid, namespace: 'shop', name: podUid, addresses: ['10.0.0.1'] });
    await sleep(40);
  }
  expect(said.length).toBeLessThanOrEqual(2 + (performance.now() - from) / 1_000);
  uplink.connect(bus);
  await eventually(() => lists.at(-1)?.length === pods.length);
  await uplink.close(1_000);
  await Promise.all([reader.close(), link.close(), away.close()]);
});
