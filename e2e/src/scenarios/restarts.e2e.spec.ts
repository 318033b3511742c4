/** Any part may die and come back while traffic runs: nothing wrongly open, nothing wrongly closed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment, gatedRoles, POLICY_GATE, provision, removeNamespace, ruleSet } from '../application.js';
import {
  apply,
  connect,
  eventually,
  HeldConnection,
  readyPod,
  readyPods,
  stackProcess,
  stackProcesses,
} from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'restarts';
const scope = { app: 'restarts', env: 'test' };

describe('restarting every part', () => {
  let server: Pod;
  let client: Pod;
  let stranger: Pod;
  let held: HeldConnection;

  beforeAll(async () => {
    await gatedRoles(NAMESPACE, 'rs', 7200, ['server', 'client', 'stranger']);
    await ruleSet('restarts', scope, [
      { from: { role: 'rs-client' }, to: { role: 'rs-server' }, port: 7200 },
    ]);
    await provision('restarts');
    server = await readyPod(NAMESPACE, 'server');
    client = await readyPod(NAMESPACE, 'client');
    stranger = await readyPod(NAMESPACE, 'stranger');
    held = await HeldConnection.open(client, server.address, 7200);
  });
  afterAll(async () => {
    held?.close();
    await removeNamespace(NAMESPACE);
  });

  async function stands(): Promise<void> {
    const [isAlive, allowed, forbidden] = await Promise.all([
      held.alive(),
      connect(client, server.address, 7200),
      connect(stranger, server.address, 7200),
    ]);
    expect(isAlive, 'the established connection').toBe(true);
    expect(allowed, 'a new allowed connection').toBe('open');
    expect(forbidden, 'a forbidden connection').toBe('dropped');
  }

  const parts = [
    'inventory',
    'label-resolver',
    'policy-compute',
    'flow-ingest',
    'gateway',
    'clas-cache',
    'kubelink',
    'nats-cluster',
    'nats-control',
    'postgres',
  ];
  it.each([...parts, 'cven-1', 'cven-2'])('survives kill -9 and a restart of %s', async (part) => {
    const name = await processName(part);
    await stackProcess(name, 'kill');
    await stands();
    await stackProcess(name, 'start');
    await stands();
  });

  it('takes up work again after all of that', async () => {
    await apply(deployment(NAMESPACE, 'late', { role: 'rs-client', port: 7203, podSpec: POLICY_GATE }));
    const [late] = await readyPods(NAMESPACE, 'late');
    expect(await connect(late!, server.address, 7200), 'a Pod of later').toBe('open');
    await eventually(
      'every process is ready',
      async () => {
        const ready = (await stackProcesses()).filter((process) => process.readyUrl);
        const answers = await Promise.all(ready.map(({ readyUrl }) => fetch(readyUrl!)));
        return answers.every((answer) => answer.ok);
      },
      60_000,
    );
  });
});

/** `cven-1` is the first agent, whatever its node is called. */
async function processName(part: string): Promise<string> {
  const agents = (await stackProcesses()).map(({ name }) => name).filter((name) => name.startsWith('cven-'));
  if (part === 'cven-1') return agents[0]!;
  if (part === 'cven-2') return agents[1]!;
  return part;
}
