/** The control plane away: enforcement stays, new Pods of known workloads get their policy, and flows arrive later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatedRoles, provision, removeNamespace, ruleSet } from '../application.js';
import {
  connect,
  eventually,
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
});
