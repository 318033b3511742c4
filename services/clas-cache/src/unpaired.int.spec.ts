/** What a credential is worth after its node was unpaired, with real accounts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askAsNode, connectBus, createKeys, nodeInbox } from '@ringfence/bus';
import type { Bus, Credentials } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { AgentHeartbeat, NodeSettings } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishPolicy } from './testing/control-plane.js';
import { CLUSTER } from './testing/facts.js';
import { machineOf, openSecuredCluster, tellLists } from './testing/secured-cluster.js';
import type { SecuredCluster } from './testing/secured-cluster.js';

let secured: SecuredCluster;
beforeAll(async () => {
  secured = await openSecuredCluster();
  await publishPolicy(secured.control, 1);
  await tellLists(await secured.kubelink());
  await eventually(() => secured.isReady());
});
afterAll(() => secured.close());

const SETTINGS: NodeSettings = { node: 'node-4', workload: 'workload-4', labels: [], mode: 'full' };
const settingsOf = subjects.policy(CLUSTER, 'node', 'workload-4');
const heartbeat = (status: AgentHeartbeat['status']): AgentHeartbeat => ({
  ...{ node: 'node-4', machineId: 'machine-node-4', version: '1', addresses: [], revision: 1, pods: 0 },
  ...{ podsEnforced: 0, errors: [], observedAt: new Date().toISOString(), status, judging: false },
});
const keptPairings = (): Promise<string> => readFile(join(secured.dataDirectory, 'pairings.json'), 'utf8');

async function isTaken(credentials: Credentials): Promise<boolean> {
  const refused = new AbortController();
  const bus = await connectBus({
    ...{ servers: secured.clusterNats.url, name: 'thief', server: 'cluster', credentials },
    ...{ inboxPrefix: nodeInbox('node-4'), signal: refused.signal },
    onState: ({ connected }) => (connected ? undefined : refused.abort()),
  }).catch(() => undefined);
  await bus?.close();
  return bus !== undefined;
}

it('is worth nothing as soon as the node has heard of it, and what is given to it later is', async () => {
  const desk = secured.desk(createKeys('user').seed);
  await secured.control.publish(settingsOf, SETTINGS);
  const first = await askAsNode(desk, machineOf('node-4'));
  const states: boolean[] = [];
  const agent: Bus = await secured.connectAs(() => Promise.resolve(first), nodeInbox, {
    seed: desk.seed,
    onState: ({ connected }) => states.push(connected),
  });
  await agent.publish(subjects.heartbeat(CLUSTER, 'node-4'), heartbeat('active'));
  expect(await keptPairings()).toContain('node-4');

  await secured.control.remove(settingsOf);
  // As an agent goes on saying it: clas-cache may hear of it before it has heard that the control plane asked for it.
  const saying = setInterval(
    () =>
      void agent.publish(subjects.heartbeat(CLUSTER, 'node-4'), heartbeat('unpaired')).catch(() => undefined),
    250,
  );
  await eventually(() => states.includes(false)).finally(() => clearInterval(saying));
  expect(await isTaken({ jwt: first.jwt, seed: desk.seed })).toBe(false);
  expect(await keptPairings()).not.toContain('node-4');

  const second = await askAsNode(desk, machineOf('node-4'));
  await secured.control.publish(settingsOf, SETTINGS);
  expect(await isTaken({ jwt: second.jwt, seed: desk.seed })).toBe(true);
  expect(await isTaken({ jwt: first.jwt, seed: desk.seed })).toBe(false);
});
