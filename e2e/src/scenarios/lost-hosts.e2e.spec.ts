/** A host whose agent is silent for the time that the settings allow leaves its peers' rules until it is heard again; its Pods do not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deployment,
  label,
  managedNamespace,
  pairedNode,
  POLICY_GATE,
  provision,
  removeNamespace,
} from '../application.js';
import { burst } from '../matrix/burst.js';
import type { Fate } from '../matrix/burst.js';
import { clusterNodes } from '../nodes.js';
import type { ClusterNode } from '../nodes.js';
import { api, apply, connect, eventually, readyPod, stackProcess } from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'lost-hosts';
const PORT = 7600;

describe('a host that is not heard', () => {
  let web: Pod;
  let client: Pod;
  let silent: ClusterNode;
  let rules: string | undefined;

  beforeAll(async () => {
    await managedNamespace(NAMESPACE, { app: NAMESPACE }, 'full');
    const [here, there] = await clusterNodes();
    silent = there!;
    const provider = { label: { href: await label('role', 'lh-web') } };
    const caller = { label: { href: await label('role', 'lh-client') } };
    const placed = (name: string, node: ClusterNode) =>
      deployment(NAMESPACE, name, {
        ...{ role: `lh-${name}`, port: PORT, podSpec: { ...POLICY_GATE, nodeName: node.name } },
      });
    await apply(placed('web', here!), placed('client', silent));
    const { href } = await pairedNode(silent.name);
    rules = (
      await api.post<{ href: string }>('/sec_policy/draft/rule_sets', { name: NAMESPACE, scopes: [[]] })
    ).href;
    await api.post(`${rules}/sec_rules`, {
      enabled: true,
      providers: [provider],
      consumers: [{ workload: { href } }, caller],
      ingress_services: [{ proto: 6, port: PORT }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    });
    await provision('a host may call');
    [web, client] = [await readyPod(NAMESPACE, 'web'), await readyPod(NAMESPACE, 'client')];
  });
  afterAll(async () => {
    await stackProcess(`cven-${silent.name}`, 'start').catch(() => undefined);
    await allow(3_600);
    if (rules !== undefined) await api.remove(rules);
    await provision('no host may call');
    await removeNamespace(NAMESPACE);
  });

  const allow = (seconds: number): Promise<unknown> =>
    api.put('/settings/workloads', {
      workload_disconnected_timeout_seconds: [{ scope: [], value: seconds }],
    });
  const call = async (): Promise<Fate | undefined> =>
    (await burst(silent.netns, [{ proto: 6, host: web.address, port: PORT }]))[0];

  it('is let in by its peers while it is heard, not after that silence, and again at its next word', async () => {
    await eventually('the host may call', async () => (await call()) === 'open');
    await stackProcess(`cven-${silent.name}`, 'kill');
    await allow(30);
    expect(await call(), 'a silence that is short').toBe('open');
    await eventually('the host is nobody’s peer', async () => (await call()) === 'dropped', 90_000);
    expect(await connect(client, web.address, PORT), 'its Pods follow nobody’s health').toBe('open');
    expect(await pairedNode(silent.name)).toMatchObject({ online: false });
    await stackProcess(`cven-${silent.name}`, 'start');
    await eventually('the host may call again', async () => (await call()) === 'open', 60_000);
    expect(await pairedNode(silent.name)).toMatchObject({ online: true });
  });
});
