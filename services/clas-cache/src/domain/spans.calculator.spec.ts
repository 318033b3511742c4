/** What nodes are told, change by change, against their spans looked up from scratch in plain loops. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FACTS } from '@ringfence/contracts';
import type { Endpoint, Group, NodeView, Unit } from '@ringfence/contracts';
import { CLUSTER_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { allow, AT, DB, group, labelSetOf, WEB } from '../testing/facts.js';
import type { ViewChanges } from './cluster-view.calculator.js';
import { Spans } from './spans.calculator.js';

const NODES = ['node-1', 'node-2'];
const LABEL_SETS = [WEB, DB, labelSetOf('3')];
const GROUPS = ['g-00000000000000000001', 'g-00000000000000000002', 'g-00000000000000000003'];
const EVERYBODYS = [JUDGING_NODES, POD_NETWORKS, CLUSTER_NODES];
const anyOf = <T>(...all: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...all);
const anyLabelSet = anyOf(...LABEL_SETS);
const anyWorkload = anyOf('w1', 'w2');

interface World {
  readonly units: Map<string, Unit>;
  readonly guardUnits: Map<string, Unit>;
  readonly groups: Map<string, Group>;
  readonly endpoints: Map<string, Endpoint>;
  nodePorts: NonNullable<NodeView['nodePorts']>;
}
type Change = (world: World) => Partial<ViewChanges>;

const unitOf = (labelSet: Unit['labelSet'], peers: readonly string[]): Unit => ({
  ...{ labelSet, mode: 'full', egress: [] },
  ingress: peers.map((peer) => allow(peer, 80)),
});

/** Put into the world, or taken away: the same as a change of the cluster. */
function changed<T>(map: Map<string, T>, id: string, value: T | null) {
  if (value !== null) map.set(id, value);
  else if (!map.delete(id)) return { upsert: [], remove: [] };
  return value === null ? { upsert: [], remove: [id] } : { upsert: [value], remove: [] };
}

const anyUnit = fc
  .tuple(anyLabelSet, fc.option(fc.subarray([...GROUPS, POD_NETWORKS])), fc.boolean())
  .map(([labelSet, peers, isGuard]): Change => {
    const unit = peers && unitOf(labelSet, peers);
    return (world) => {
      if (!isGuard) return { units: changed(world.units, labelSet.id, unit) };
      return { guards: { nodePorts: null, units: changed(world.guardUnits, labelSet.id, unit) } };
    };
  });
const anyGroup = fc
  .tuple(
    anyOf(...GROUPS, ...EVERYBODYS),
    fc.option(fc.tuple(fc.subarray(LABEL_SETS.map(({ id }) => id)), fc.subarray(['w1', 'w2']))),
  )
  .map(([id, members]): Change => {
    const one = members && group(id, members[0], { workloads: members[1] });
    return (world) => ({ groups: changed(world.groups, id, one) });
  });
const anyEndpoint = fc
  .tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.option(
      fc.record({
        ...{ labelSet: anyLabelSet, node: anyOf(...NODES, null), workload: fc.option(anyWorkload) },
        lost: anyOf(true, false, undefined),
      }),
    ),
  )
  .map(([number, parts]): Change => {
    const id = `p-${number}`;
    const where = parts && { ...parts, labelSet: parts.labelSet.id };
    const pod = { namespace: 'shop', name: id, probePorts: [] };
    const one = where && { id, class: 'pod' as const, addresses: [`10.244.1.${number}`], pod, ...where };
    return (world) => ({ endpoints: changed(world.endpoints, id, one) });
  });
const anyNodePorts = fc
  .uniqueArray(fc.tuple(anyLabelSet, fc.option(anyWorkload)), { maxLength: 3 })
  .map((targets): Change => {
    const nodePorts = targets.map(([labelSet, workload]) => {
      return { labelSet: labelSet.id, workload, proto: 6, port: 80 };
    });
    return (world) => {
      world.nodePorts = nodePorts;
      return { guards: { nodePorts, units: { upsert: [], remove: [] } } };
    };
  });
const anyChange = fc.oneof(
  { weight: 3, arbitrary: anyEndpoint },
  { weight: 2, arbitrary: anyUnit },
  { weight: 2, arbitrary: anyGroup },
  { weight: 1, arbitrary: anyNodePorts },
);

const NOTHING: ViewChanges = {
  ...{ units: { upsert: [], remove: [] }, groups: { upsert: [], remove: [] } },
  ...{
    endpoints: { upsert: [], remove: [] },
    guards: { nodePorts: null, units: { upsert: [], remove: [] } },
  },
  ...{ namespaces: null, apiServers: null, services: false, touchedPods: [] },
  stamp: { policyVersion: 1, facts: NO_FACTS, settled: 1 },
};

/** The span of one node, from scratch. */
function naiveSpan({ units, guardUnits, groups, endpoints, nodePorts }: World, node: string) {
  const here = new Set([...endpoints.values()].filter((one) => one.node === node).map((one) => one.labelSet));
  const known = LABEL_SETS.flatMap(({ id }) => (here.has(id) ? units : guardUnits).get(id) ?? []);
  const peers = known.flatMap(({ ingress }) => ingress.flatMap((rule) => rule.peers));
  const named = new Set([...EVERYBODYS, ...peers]);
  const told = [...groups.values()].filter(({ id }) => named.has(id));
  const isAsked = ({ labelSet, workload, lost }: Endpoint): boolean =>
    lost !== true &&
    (told.some((one) => one.labelSets.includes(labelSet) || one.workloads.includes(workload ?? '')) ||
      nodePorts.some((one) =>
        one.workload === null ? one.labelSet === labelSet : one.workload === workload,
      ));
  const seen = [...endpoints.values()].filter((one) => one.node === node || isAsked(one));
  const asTold = ({ pod, ...one }: Endpoint): Endpoint => (one.node === node ? { ...one, pod } : one);
  return {
    units: byId(known, (one) => one.labelSet.id),
    groups: byId(told, (one) => one.id),
    endpoints: byId(seen.map(asTold), (one) => one.id),
  };
}

const byId = <T>(all: readonly T[], id: (one: T) => string): Map<string, T> =>
  new Map(all.map((one) => [id(one), one]));

/** What an agent has. */
class Agent {
  readonly units = new Map<string, Unit>();
  readonly groups = new Map<string, Group>();
  readonly endpoints = new Map<string, Endpoint>();

  take({ units, groups, endpoints }: Pick<NodeView, 'units' | 'groups' | 'endpoints'>): this {
    for (const one of units.upsert) this.units.set(one.labelSet.id, one);
    for (const one of groups.upsert) this.groups.set(one.id, one);
    for (const one of endpoints.upsert) this.endpoints.set(one.id, one);
    for (const id of units.remove) expect(this.units.delete(id)).toBe(true);
    for (const id of groups.remove) expect(this.groups.delete(id)).toBe(true);
    for (const id of endpoints.remove) expect(this.endpoints.delete(id)).toBe(true);
    return this;
  }

  get has() {
    const { units, groups, endpoints } = this;
    return { units, groups, endpoints };
  }
}

describe('the spans of nodes', () => {
  it('are what plain loops find from scratch, whatever changes in which order, and a change is told once', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 40 }), fc.nat(40), (changes, joins) => {
        const world: World = {
          ...{ units: new Map(), guardUnits: new Map(), groups: new Map(), endpoints: new Map() },
          nodePorts: [],
        };
        const spans = new Spans(0);
        const agents = new Map([['node-1', new Agent().take(spans.snapshot('node-1', AT))]]);
        changes.forEach((change, i) => {
          // One that comes while there is much already has the same as one that was there all the time.
          if (i === joins) agents.set('node-2', new Agent().take(spans.snapshot('node-2', AT)));
          for (const view of spans.apply({ ...NOTHING, ...change(world) }, AT))
            agents.get(view.node)!.take(view);
          for (const [node, agent] of agents) expect(agent.has).toEqual(naiveSpan(world, node));
        });
        for (const [node, agent] of agents)
          expect(new Agent().take(spans.snapshot(node, AT)).has).toEqual(agent.has);
      }),
      { numRuns: 150 },
    );
  });
});
