/** The control plane away: enforcement stays, new Pods of known workloads get their policy, and flows arrive later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deployment,
  label,
  managedNamespace,
  POLICY_GATE,
  provision,
  removeNamespace,
  ruleSet,
} from '../application.js';
import {
  apply,
  connect,
  eventually,
  kubernetes,
  readyPods,
  recentFlows,
  stackProcess,
  stackProcesses,
} from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'outages';
const scope = { app: 'outages', env: 'test' };

describe('the control plane is away', () => {
  let server: Pod;
  let client: Pod;

  beforeAll(async () => {
    for (const role of ['ot-server', 'ot-client']) await label('role', role);
    await managedNamespace(NAMESPACE, scope, 'full');
    await apply(
      deployment(NAMESPACE, 'server', { role: 'ot-server', port: 7400, podSpec: POLICY_GATE }),
      deployment(NAMESPACE, 'client', { role: 'ot-client', port: 7401, podSpec: POLICY_GATE }),
    );
    await ruleSet('outages', scope, [{ from: { role: 'ot-client' }, to: { role: 'ot-server' }, port: 7400 }]);
    await provision('outages');
    [server] = (await readyPods(NAMESPACE, 'server')) as [Pod];
    [client] = (await readyPods(NAMESPACE, 'client')) as [Pod];
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
});
