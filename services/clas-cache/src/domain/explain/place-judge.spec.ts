import { NO_FACTS } from '@ringfence/contracts';
import type { Endpoint, NodeView, Unit } from '@ringfence/contracts';
import {
  buildModel,
  endpointUnit,
  groupPeers,
  hostReach,
  inOrder,
  nodePolicy,
  OWN_HOST,
  peerSet,
  podPolicy,
} from '@ringfence/firewall';
import type { FirewallModel, PeerSet, PolicyView } from '@ringfence/firewall';
import { naiveKernel } from '@ringfence/firewall/testing';
import { GroupMembers } from '@ringfence/policy-engine';
import { anyPacket, anyWorld, computePolicy, inCluster } from '@ringfence/policy-engine/testing';
import type { World } from '@ringfence/policy-engine/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Spans } from '../spans.calculator.js';
import type { Place } from './connections.js';
import { judge } from './place-judge.js';

const AT = '2026-11-20T10:00:00.000Z';
const NAMESPACES = [{ name: 'n', mode: 'full' }] as const;

const worldsAndPackets = anyWorld
  .filter(({ endpoints }) => endpoints.length > 0)
  .chain((world) =>
    fc.record({
      world: fc.constant(world),
      packets: fc.array(anyPacket(world), { minLength: 12, maxLength: 12 }),
    }),
  );

/** What an agent makes of its whole view: every group with all its members, as the kernel holds them. */
function modelAt(place: Endpoint, view: NodeView, hostAddresses: readonly string[]): FirewallModel {
  const members = new GroupMembers();
  for (const endpoint of view.endpoints.upsert) members.upsertEndpoint(endpoint);
  for (const group of view.groups.upsert) members.upsertGroup(group);
  const told: PolicyView = {
    endpoint: (id) => view.endpoints.upsert.find((endpoint) => endpoint.id === id),
    unit: (id) => view.units.upsert.find((unit) => unit.labelSet.id === id),
    namespaceMode: () => undefined,
  };
  const pods = view.endpoints.upsert.filter((each) => each.class === 'pod' && each.node === place.id);
  const hosted = pods.map((endpoint) => ({ endpoint, unit: told.unit(endpoint.labelSet) }));
  const isOwnHost = (id: string): boolean => view.groups.upsert.some((one) => one.id === id && one.ownHost);
  const reach = hostReach(place.class === 'node' ? hosted : [], isOwnHost);
  const peersOf = (id: string): PeerSet | undefined => {
    const group = view.groups.upsert.find((one) => one.id === id);
    if (id === OWN_HOST) return peerSet(hostAddresses, []);
    return reach.groups.get(id) ?? (group && groupPeers(group, members, hostAddresses));
  };
  const { unit, details, mode } =
    place.class === 'node' ? nodePolicy(told, place.id) : podPolicy(told, { uid: place.id, namespace: '' });
  const own = endpointUnit(unit, details);
  const rules = { ...own, egress: inOrder([...own.egress, ...reach.rules]) };
  return buildModel(rules, peersOf, { kind: 'pod', mode, revision: 1 });
}

/** As NetworkPolicies isolate: Pods whose mode is neither full nor idle, in any of the directions. */
function isolatedHereAndThere(unit: Unit, i: number): Unit {
  const isMeant =
    unit.labelSet.class === 'pod' && (unit.mode === 'visibility_only' || unit.mode === 'selective');
  return isMeant ? { ...unit, isolated: { ingress: i % 2 === 0, egress: i % 3 === 0 } } : unit;
}

function told(world: World): Spans {
  const policy = inCluster(world, computePolicy(world));
  const views = new Spans(0);
  for (const endpoint of world.endpoints) if (endpoint.class === 'node') views.snapshot(endpoint.id, AT);
  views.snapshot('e0', AT);
  const changes = {
    units: { upsert: [...policy.units.values()].map(isolatedHereAndThere), remove: [] },
    groups: { upsert: [...policy.groups.values()], remove: [] },
    endpoints: { upsert: world.endpoints, remove: [] },
    namespaces: NAMESPACES,
    touchedPods: [],
    services: false,
    stamp: { policyVersion: 1, facts: NO_FACTS, settled: 1 },
    apiServers: null,
    guards: { nodePorts: null, units: { upsert: [], remove: [] } },
  };
  views.apply(changes, AT);
  return views;
}

const placeOf = ({ id, class: kind, node }: Endpoint): Place =>
  kind === 'node'
    ? { kind: 'node', id, node: id, name: id }
    : { kind: 'pod', id, node, namespace: '', name: id };

describe('a packet at one place, as explain judges it', () => {
  it('meets what the kernel would do with it, whatever the policy', () => {
    fc.assert(
      fc.property(worldsAndPackets, ({ world, packets }) => {
        const views = told(world);
        for (const endpoint of world.endpoints.filter((each) => each.class !== 'unmanaged')) {
          const place = placeOf(endpoint);
          const hostAddresses = world.endpoints.find(({ id }) => id === place.node)?.addresses ?? [];
          const model = modelAt(endpoint, views.snapshot(place.node!, AT), hostAddresses);
          const knowledge = {
            view: views.viewOf(place.node),
            hostAddresses,
            essential: [],
            namespaceMode: () => undefined,
          };
          for (const packet of packets) {
            for (const direction of ['ingress', 'egress'] as const) {
              const { evaluation } = judge(place, knowledge, { direction, isElsewhere: false, ...packet });
              expect({ packet, direction, verdict: evaluation.verdict }).toEqual({
                packet,
                direction,
                verdict: naiveKernel(model, { direction, ...packet }),
              });
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
