/**
 * Who comes from outside through a NodePort is judged as the one he is, through the Pod's own node and through another,
 * whether the Service hides him behind the node (policy Cluster) or not (Local).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '@ringfence/up';
import {
  deployment,
  label,
  managedNamespace,
  pairedNode,
  POLICY_GATE,
  provision,
  removeNamespace,
  setNodeMode,
} from '../application.js';
import { untilInForce } from '../explained.js';
import { burst } from '../matrix/burst.js';
import type { Fate, Packet } from '../matrix/burst.js';
import { clusterNodes, nodePortOf } from '../nodes.js';
import type { ClusterNode } from '../nodes.js';
import { outsideHost } from '../outside-host.js';
import type { OutsideHost } from '../outside-host.js';
import { api, apply, eventually, netnsOf, readyPod, serviceAddress } from '../world.js';
import type { Pod } from '../world.js';

const NAMESPACE = 'node-port';
const PORT = 8080;
const WEB = { key: 'role', value: 'np-web' } as const;
const POLICIES = ['Cluster', 'Local'] as const;
const BLOCKED: Fate[] = ['dropped', 'dropped', 'dropped', 'dropped'];

describe('a NodePort', () => {
  let web: Pod;
  let own: ClusterNode;
  let other: ClusterNode;
  let friend: OutsideHost;
  let stranger: OutsideHost;
  let throughPorts: readonly Packet[];
  let rules: string | undefined;
  const lists: string[] = [];

  beforeAll(async () => {
    [friend, stranger] = [await outsideHost(), await outsideHost()];
    await managedNamespace(NAMESPACE, { app: NAMESPACE }, 'full');
    await label(WEB.key, WEB.value);
    await apply(
      deployment(NAMESPACE, 'web', { role: WEB.value, port: PORT, podSpec: POLICY_GATE }),
      ...POLICIES.map(nodePortService),
    );
    web = await readyPod(NAMESPACE, 'web');
    const nodes = await clusterNodes();
    [own, other] = [
      nodes.find(({ name }) => name === web.node)!,
      nodes.find(({ name }) => name !== web.node)!,
    ];
    const ports = await Promise.all(POLICIES.map((policy) => nodePortOf(NAMESPACE, nameOf(policy))));
    throughPorts = ports.flatMap((port) => [own, other].map((node) => tcp(node.address, port)));
    rules = (
      await api.post<{ href: string }>('/sec_policy/draft/rule_sets', { name: NAMESPACE, scopes: [[]] })
    ).href;
  });
  afterAll(async () => {
    if (other !== undefined) await setNodeMode(other.name, 'visibility_only');
    if (rules !== undefined) await api.remove(rules);
    await provision('NodePort: no rule');
    for (const list of lists) await api.remove(list);
    await provision('NodePort: gone');
    await removeNamespace(NAMESPACE);
    await Promise.all([friend, stranger].map((host) => host?.close()));
  });

  const mayReach = async (consumers: readonly object[]): Promise<void> => {
    const provider = { label: { href: await label(WEB.key, WEB.value) } };
    await api.post(`${rules}/sec_rules`, {
      enabled: true,
      providers: [provider],
      consumers,
      ingress_services: [{ proto: 6, port: PORT }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    });
    const version = await provision('NodePort');
    await untilInForce(version, [
      { name: `pod:${NAMESPACE}/${web.name}`, mode: 'full' },
      { name: `node:${own.name}`, mode: undefined },
      { name: `node:${other.name}`, mode: undefined },
    ]);
  };
  const through = (host: OutsideHost): Promise<Fate[]> => burst(host.netns, throughPorts);
  const callOf = (netns: string, ...packets: Packet[]): Promise<Fate[]> => burst(netns, packets);
  const itself = async (): Promise<Fate[]> => {
    const addresses = await Promise.all(POLICIES.map((policy) => serviceAddress(NAMESPACE, nameOf(policy))));
    return callOf(await netnsOf(web.address), ...addresses.map((address) => tcp(address, PORT)));
  };

  it('lets nobody in by a rule for the workers that carry him, and the workers themselves', async () => {
    const { labels } = await pairedNode(other.name);
    await mayReach(labels.map(({ href }) => ({ label: { href } })));
    expect(await through(stranger)).toEqual(BLOCKED);
    expect(await callOf(own.netns, tcp(web.address, PORT))).toEqual(['open']);
    expect(await callOf(other.netns, tcp(web.address, PORT))).toEqual(['open']);
    expect(await itself()).toEqual(['open', 'open']);
  });

  it('stays closed when the node that carries him is in full itself', async () => {
    await setNodeMode(other.name, 'full');
    await untilInForce(0, [{ name: `node:${other.name}`, mode: 'full' }]);
    expect(await through(stranger)).toEqual(BLOCKED);
    expect(await callOf(other.netns, tcp(web.address, PORT))).toEqual(['open']);
  });

  it('lets whom people name over REST knock at a port of the node in full, and nobody else', async () => {
    const port = 2222;
    const knock = (host: OutsideHost): Promise<Fate[]> => burst(host.netns, [tcp(other.address, port)]);
    expect(await knock(friend)).toEqual(['dropped']);
    const { href } = await pairedNode(other.name);
    const cidr = `${friend.address}/32`;
    const ssh = { port: 22, cidrs: null };
    await api.put(href, { ringfence_admin_ports: [ssh, { port, cidrs: [cidr] }] });
    await eventually(`${other.name} tells that it lets ${cidr} in`, async () =>
      JSON.stringify(await api.get(`${href}`)).includes(`"who":["${cidr}"]`),
    );
    // Nobody listens there: that the node says so is all that can be had.
    expect(await knock(friend)).toEqual(['refused']);
    expect(await knock(stranger)).toEqual(['dropped']);
    await api.put(href, { ringfence_admin_ports: null });
  });

  it('lets in whom an IP list allows, and nobody else', async () => {
    const list = { name: 'NodePort: a friend', ip_ranges: [{ from_ip: friend.address }] };
    const { href } = await api.post<{ href: string }>('/sec_policy/draft/ip_lists', list);
    lists.push(href);
    await mayReach([{ ip_list: { href } }]);
    // A Local Service drops whoever comes through a node that has none of its Pods.
    const calls = await Promise.all([through(friend), through(stranger), itself()]);
    expect(calls).toEqual([['open', 'open', 'open', 'dropped'], BLOCKED, ['open', 'open']]);
  });
});

const nameOf = (policy: string): string => `web-${policy.toLowerCase()}`;
const tcp = (host: string, port: number): Packet => ({ proto: 6, host, port });

function nodePortService(externalTrafficPolicy: string): Manifest {
  const ports = [{ port: PORT, targetPort: PORT }];
  const spec = { type: 'NodePort', externalTrafficPolicy, selector: { app: 'web' }, ports };
  const metadata = { name: nameOf(externalTrafficPolicy), namespace: NAMESPACE };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as Manifest;
}
