/** Nodes of the cluster as everybody tells of them, against their endpoints looked up from scratch in plain loops. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address, Endpoint, NodeSettings } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { CLUSTER_NODES, JUDGING_NODES } from '@ringfence/policy-engine';
import { CLUSTER } from '../testing/facts.js';
import { NodeEndpoints } from './node-endpoints.calculator.js';
import type { NodeFacts } from './node-endpoints.calculator.js';

const NAMES = ['node-1', 'node-2', 'node-3'];
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '10.244.1.1', '10.244.2.1', '127.0.0.1', 'no address'];
/** Every node has a network of its own for Pods. */
const NETWORKS: Readonly<Record<string, string>> = { 'node-1': '10.244.1.', 'node-2': '10.244.2.' };
const isAddress = (address: Address): boolean => /^(192|10)\./.test(address);

interface World {
  readonly seen: Map<string, readonly Address[]>;
  readonly heard: Map<string, readonly Address[]>;
  readonly judging: Set<string>;
  readonly settings: Map<string, NodeSettings>;
  readonly unpaired: Set<string>;
}
type Step = (nodes: NodeEndpoints, world: World) => void;

const anyName = fc.constantFrom(...NAMES);
const anyAddresses = fc.subarray(ADDRESSES);
const anySeen = fc.tuple(anyName, fc.option(anyAddresses)).map(([name, addresses]): Step => {
  const network = NETWORKS[name];
  const podCidrs = network === undefined ? [] : [`${network}0/24`];
  return (nodes, world) => {
    if (addresses !== null) {
      const node: NodeFacts = { name, machineId: name, labels: {}, addresses, podCidrs };
      nodes.setNode(name, 'e1', node);
      world.seen.set(name, addresses);
    } else if (world.seen.delete(name)) {
      nodes.removeNode(name);
      world.heard.delete(name);
      world.judging.delete(name);
    }
  };
});
const anyHeard = fc
  .tuple(anyName, anyAddresses, fc.boolean())
  .map(([name, addresses, isJudging]): Step => (nodes, world) => {
    nodes.heartbeat(name, addresses, isJudging);
    world.heard.set(name, addresses);
    if (isJudging) world.judging.add(name);
    else world.judging.delete(name);
  });
const anySettings = fc.tuple(anyName, fc.boolean(), fc.boolean()).map(([name, isPaired, isTold]): Step => {
  const settings = {
    ...{ node: name, workload: `workload-${name}`, labels: ['1'], mode: 'full' as const },
    ...(isTold && { adminPorts: [{ port: 22, cidrs: ['10.0.0.0/8'] }], visibilityLevel: 'flow_off' }),
    // Nothing is told of what all report.
    ...(!isTold && { visibilityLevel: 'flow_summary' }),
  };
  return (nodes, world) => {
    nodes.setSettings(name, isPaired ? settings : null);
    if (isPaired) world.settings.set(name, settings);
    else if (world.settings.delete(name)) world.unpaired.add(name);
    if (isPaired) world.unpaired.delete(name);
  };
});
const anyStep = fc.oneof(anySeen, anyHeard, anySettings);

/** A node that is paired has what Kubernetes says, and of what it says itself what Kubernetes gives to nobody else. */
function naiveEndpoints({ seen, heard, settings }: World): Map<string, Endpoint> {
  const isOthers = (address: Address, name: string): boolean =>
    [...seen].some(([other, addresses]) => {
      const network = NETWORKS[other];
      const isIn = network !== undefined && address.startsWith(network);
      return other !== name && (isIn || addresses.includes(address));
    });
  return new Map(
    [...settings.values()].map(({ node, workload, labels, mode, adminPorts }): [string, Endpoint] => {
      const said = (heard.get(node) ?? []).filter((address) => !isOthers(address, node));
      const addresses = [...new Set([...(seen.get(node) ?? []), ...said])].filter(isAddress).sort();
      const labelSet = makeLabelSet({ cluster: CLUSTER, namespace: null, class: 'node', labels });
      const endpoint = { id: node, workload, labelSet: labelSet.id, class: 'node' as const, addresses, node };
      const own = adminPorts && { adminPorts, visibilityLevel: 'flow_off' };
      return [node, { ...endpoint, mode, ...own }];
    }),
  );
}

describe('the endpoints of nodes', () => {
  it('are what plain loops find, whatever is told in which order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 30 }), (steps) => {
        const nodes = new NodeEndpoints(CLUSTER, () => false);
        const world: World = {
          ...{ seen: new Map(), heard: new Map(), judging: new Set(), settings: new Map() },
          unpaired: new Set(),
        };
        const told = new Map<string, Endpoint>();
        const flush = (): void => {
          const { upsert, remove } = nodes.flush();
          for (const one of upsert) told.set(one.id, one);
          for (const id of remove) expect(told.delete(id)).toBe(true);
        };
        for (const [step, isFlushed] of steps) {
          step(nodes, world);
          if (isFlushed) flush();
        }
        flush();
        const expected = naiveEndpoints(world);
        expect(told).toEqual(expected);
        expect(new Set(nodes.unpaired())).toEqual(world.unpaired);
        const groups = new Map(nodes.groups().map((one) => [one.id, one]));
        const judging = [...world.judging].filter((name) => expected.has(name) && !world.unpaired.has(name));
        expect(groups.get(JUDGING_NODES)?.workloads).toEqual(
          judging.map((name) => `workload-${name}`).sort(),
        );
        const all = [...world.seen].flatMap(([name, own]) => [...own, ...(told.get(name)?.addresses ?? [])]);
        const hosts = [...new Set(all.filter(isAddress))].sort().map((address) => `${address}/32`);
        expect(groups.get(CLUSTER_NODES)?.cidrs).toEqual(hosts);
      }),
      { numRuns: 200 },
    );
  });
});
