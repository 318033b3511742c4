/**
 * The control plane away: enforcement stays, new Pods of known workloads get their policy, and flows arrive later. Its NATS
 * comes back with nothing: enforcement stays, and it is whole again by itself.
 */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatedRoles, provision, removeNamespace, ruleSet } from '../application.js';
import {
  connect,
  eventually,
  HeldConnection,
  kubernetes,
  readyPod,
  readyPods,
  recentFlows,
  stackProcess,
  stackProcesses,
} from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'outages';
const scope = { app: 'outages', env: 'test' };

/** All that its server keeps: streams with what was on them, durables, the accounts of clusters. */
async function loseControlDisk(): Promise<void> {
  const { env } = (await stackProcesses()).find(({ name }) => name === 'inventory')!;
  for (const kept of ['jetstream', 'accounts'])
    await rm(join(dirname(env!['NATS_CREDS']!), kept), { recursive: true });
}

describe('the control plane is away', () => {
  let server: Pod;
  let client: Pod;

  beforeAll(async () => {
    await gatedRoles(NAMESPACE, 'ot', 7400, ['server', 'client']);
    await ruleSet('outages', scope, [{ from: { role: 'ot-client' }, to: { role: 'ot-server' }, port: 7400 }]);
    await provision('outages');
    server = await readyPod(NAMESPACE, 'server');
    client = await readyPod(NAMESPACE, 'client');
  });
  afterAll(() => removeNamespace(NAMESPACE));

  it('gives a new Pod of a known workload its policy, and says what is missing', async () => {
    await stackProcess('nats-control', 'stop');
    const patch = { spec: { replicas: 2 } };
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/server/scale`;
    await kubernetes.request('PATCH', path, patch, 'application/merge-patch+json');
    const servers = await readyPods(NAMESPACE, 'server', 2);
    for (const pod of servers) expect(await connect(client, pod.address, 7400), pod.name).toBe('open');

    const clas = (await stackProcesses()).find(({ name }) => name === 'clas-cache');
    const health = await fetch(clas!.readyUrl!);
    expect(await health.text()).toMatch(/control/i);

    await stackProcess('nats-control', 'start');
    await eventually(
      'flows of the outage arrive',
      async () => {
        const added = servers.find((pod) => pod.address !== server.address)!;
        return (await recentFlows()).some(
          (flow) => flow.dst.ip === added.address && flow.service.port === 7400,
        );
      },
      90_000,
    );
  });

  it('loses the disk of its NATS, and goes on as if nothing had been', async () => {
    const held = await HeldConnection.open(client, server.address, 7400);
    const back = () => connect(server, client.address, 7401);
    const stands = async (): Promise<void> => {
      expect(await held.alive(), 'the established connection').toBe(true);
      expect(await connect(client, server.address, 7400), 'a new allowed connection').toBe('open');
      expect(await back(), 'a forbidden connection').toBe('dropped');
    };
    await stackProcess('nats-control', 'kill');
    await loseControlDisk();
    await stands();
    await stackProcess('nats-control', 'start');
    await stands();
    await ruleSet('outages-back', scope, [
      { from: { role: 'ot-server' }, to: { role: 'ot-client' }, port: 7401 },
    ]);
    await provision('after the disk was lost');
    await eventually('a new rule is in force', async () => (await back()) === 'open', 60_000);
    expect(await held.alive(), 'the established connection').toBe(true);
    held.close();
    await eventually(
      'every process is ready',
      async () => {
        const ready = (await stackProcesses()).filter(({ readyUrl }) => readyUrl);
        const answers = await Promise.all(ready.map(({ readyUrl }) => fetch(readyUrl!)));
        return answers.every((answer) => answer.ok);
      },
      150_000,
    );
  });
});
