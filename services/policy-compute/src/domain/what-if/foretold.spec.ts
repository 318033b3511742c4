/** What is foretold of a change is what happens when it is provisioned: by the words, in random worlds with every form of rule. */
import type { EnforcementMode, Endpoint, FlowKind, PolicyObjects, Verdict } from '@ringfence/contracts';
import { GLOBAL, hostCidrs } from '@ringfence/contracts';
import { labelSetId, makeLabelSet } from '@ringfence/labels';
import {
  anyLabels,
  anyMode,
  anyObjects,
  CLUSTER,
  LABELS,
  verdictByWords,
} from '@ringfence/policy-engine/testing';
import type { World } from '@ringfence/policy-engine/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entity } from '../../testing/fact-builders.js';
import type { EntityFact, FactChange } from '../facts.js';
import { addressEnd, entityEnd } from '../judged-by-labels.js';
import type { End } from '../judged-by-labels.js';
import { PolicyPreview } from '../policy-preview.js';
import type { SeenEdge } from '../suggestion/seen-edge.js';
import { endsAlike, judgedKinds } from './stored-flows.js';
import { keptFlips, whatIf } from './what-if.js';

/** Addresses that the control plane knows; where Pods are it does not, so lists name all addresses or none of a Pod's. */
const KNOWN = ['192.0.2.7', '192.0.2.8'];
const STRANGERS = ['192.0.2.9', '203.0.113.9'];
const anyIpLists: fc.Arbitrary<PolicyObjects['ip_lists']> = fc
  .tuple(
    ...['1', '2', '3'].map((id) =>
      fc
        .constantFrom(['0.0.0.0/0'], ['192.0.2.0/24'], ['192.0.2.0/24', '-192.0.2.8'], ['192.0.2.9'], [])
        .map((texts) => ({ id, name: '', description: '', ranges: texts.map(rangeOf), fqdns: [] })),
    ),
  )
  .map((lists) => lists);
const rangeOf = (text: string) => ({
  from: text.replace('-', ''),
  to: null,
  exclusion: text.startsWith('-'),
  description: '',
});

const withoutHost = (objects: PolicyObjects, lists: PolicyObjects['ip_lists']): PolicyObjects => ({
  ...objects,
  ip_lists: lists,
  rule_sets: objects.rule_sets.map((ruleSet) => ({
    ...ruleSet,
    rules: ruleSet.rules.map((rule) => ({
      ...rule,
      consumers: rule.consumers.filter(({ kind }) => kind !== 'container_host'),
    })),
    denyRules: ruleSet.denyRules.map((rule) => ({
      ...rule,
      consumers: rule.consumers.filter(({ kind }) => kind !== 'container_host'),
    })),
  })),
});

/** Of a host, with a stranger in it. */
const anySubnets = fc.constantFrom(undefined, ['192.0.2.8/31']);
const CLASSES = ['pod', 'pod', 'node', 'unmanaged'] as const;
const anyEntities: fc.Arbitrary<EntityFact[]> = fc
  .tuple(...CLASSES.map(() => fc.record({ labels: anyLabels, mode: anyMode, subnets: anySubnets })))
  .map((all) =>
    all.map(({ labels, subnets, ...own }, i) => {
      // Pods have the mode of their namespace.
      const { mode } = i < 2 ? all[0]! : own;
      const of = CLASSES[i]!;
      const addresses = of === 'pod' ? [] : [KNOWN[i - 2]!];
      const cluster = of === 'unmanaged' ? GLOBAL : CLUSTER;
      return entity(`w${i + 1}`, {
        cluster,
        class: of,
        namespace: of === 'pod' ? 'shop' : null,
        labels,
        mode,
        addresses,
        ...(of === 'unmanaged' && subnets && { subnets }),
      });
    }),
  );

const addressOf = ({ entity: one, token }: End): string =>
  one?.addresses[0] ?? (one ? `10.200.0.${one.id.slice(1)}` : token);

function worldOf(
  entities: readonly EntityFact[],
  objects: PolicyObjects,
  modeOf: (one: EntityFact) => EnforcementMode,
): World {
  const endpoints = entities.map((one): Endpoint => ({
    id: one.id,
    workload: one.id,
    labelSet: labelSetId(one),
    class: one.class,
    addresses: [addressOf(entityEnd(one))],
    node: null,
    mode: modeOf(one),
  }));
  const hosts = entities.filter((one) => one.class === 'unmanaged');
  return {
    cluster: CLUSTER,
    subnets: new Map(hosts.map((one) => [one.id, one.subnets ?? hostCidrs(one.addresses)])),
    catalogue: { types: ['role', 'app', 'env'], labels: LABELS },
    objects,
    labelSets: entities.map((one) => ({ labelSet: makeLabelSet(one), mode: modeOf(one) })),
    workloads: new Map(entities.map((one) => [one.id, labelSetId(one)])),
    endpoints,
    strangers: STRANGERS,
  };
}

interface OnWire {
  readonly from: End;
  readonly to: End;
  readonly proto: number;
  readonly port: number;
}
const WORSE: readonly Verdict[] = ['unknown', 'allowed', 'potentially_blocked', 'blocked'];
/** Both ends, by the words: what becomes of the packet. */
function becomes(world: World, { from, to, proto, port }: OnWire): Verdict {
  const verdicts = (
    [
      [from, to, 'egress'],
      [to, from, 'ingress'],
    ] as const
  ).map(([self, peer, direction]) => {
    const own = world.endpoints.find(({ id, class: of }) => id === self.entity?.id && of !== 'unmanaged');
    return own === undefined
      ? 'unknown'
      : verdictByWords(world, own, direction, { proto, port, peer: addressOf(peer) }).verdict;
  });
  return verdicts.toSorted((a, b) => WORSE.indexOf(b) - WORSE.indexOf(a))[0]!;
}

const PORTS = [0, 79, 80, 81, 82, 83, 85, 8080];
const packets = [
  ...[6, 17].flatMap((proto) => PORTS.map((port) => ({ proto, port }))),
  ...[0, 3 * 256 + 4, 3 * 256 + 5, 8 * 256].map((port) => ({ proto: 1, port })),
  { proto: 58, port: 128 * 256 },
  { proto: 132, port: 7 },
  { proto: 47, port: 0 },
];
function connections(entities: readonly EntityFact[]): OnWire[] {
  const ends = [...entities.map(entityEnd), ...STRANGERS.map(addressEnd)];
  const isOurs = ({ entity: one }: End): boolean => one !== null && one.class !== 'unmanaged';
  const pairs = ends.flatMap((from) => ends.map((to) => ({ from, to })));
  return pairs
    .filter(({ from, to }) => isOurs(from) || isOurs(to))
    .flatMap((pair) => packets.map((packet) => ({ ...pair, ...packet })));
}

const factsOf = (entities: readonly EntityFact[]): FactChange[] => [
  ...LABELS.map(
    (state) => ({ kind: 'label', id: state.id, position: 0, cluster: CLUSTER, state }) as FactChange,
  ),
  ...entities.map(
    (state) => ({ kind: 'entity', id: state.id, position: 0, cluster: state.cluster, state }) as FactChange,
  ),
];

interface Scene {
  readonly entities: readonly EntityFact[];
  readonly before: PolicyObjects;
  readonly after: PolicyObjects;
}
const anyScene: fc.Arbitrary<Scene> = fc
  .tuple(anyEntities, anyObjects, anyObjects, anyIpLists, fc.boolean())
  .map(([entities, before, other, lists, isSmall]) => {
    // Mostly a draft differs little from what is in force.
    const [changed] = other.rule_sets;
    const kept = before.rule_sets.filter(({ id }) => id !== changed?.id);
    const after = isSmall && changed ? { ...before, rule_sets: [...kept, changed] } : other;
    return { entities, before: withoutHost(before, lists), after: withoutHost(after, lists) };
  });

function foretold({ entities, before, after }: Scene, seen: readonly OnWire[] = []) {
  const edges = seen.map((one): SeenEdge => ({ ...one, connections: 1, lastSeen: '', essential: false }));
  return whatIf(edges, {
    before,
    after,
    entities: new Map(entities.map((one) => [one.id, one])),
    preview: new PolicyPreview(factsOf(entities)),
    modeOf: () => undefined,
  });
}
const nameOf = ({ entity: one, token }: End): string => one?.id ?? token;

/** As flow-ingest adds them up: each connection is a flow, from ends that it knows by a number for each labels and mode that they had. */
function storedForetold({ entities, before, after }: Scene, seen: readonly OnWire[]) {
  const names = [...new Set([...entities.map(({ id }) => id), ...STRANGERS])];
  const numbers = names.flatMap((name, i) => [i, i + names.length].map((number) => ({ name, number })));
  const preview = new PolicyPreview(factsOf(entities));
  const flips = keptFlips({ preview, before, after, modeOf: () => undefined });
  const known = new Map(entities.map((one) => [one.id, one]));
  const alike = endsAlike(
    numbers.map(({ name, number }) => ({ number, name, is: known.has(name) ? 'workload' : 'address' })),
    known,
    flips,
  );
  // Whatever is asked of the preview in between.
  preview.with(before);
  const kindOf = new Map(alike.kinds.map(({ number, kind }) => [number, kind]));
  const kinds = new Map<string, FlowKind>();
  for (const [i, { from, to, proto, port }] of seen.entries()) {
    const [src, dst] = [from, to].map((end, j) => names.indexOf(nameOf(end)) + ((i + j) % 2) * names.length);
    const ends = { src: src!, dst: dst! };
    if (![src!, dst!].some((end) => alike.concerned.includes(end))) continue;
    const key = [kindOf.get(src!), kindOf.get(dst!), proto, port].join();
    const { flows } = kinds.get(key) ?? { flows: 0 };
    const kind = {
      ends,
      proto,
      port,
      verdict: 'unknown' as const,
      essential: false,
      connections: 1,
      lastAt: '',
    };
    kinds.set(key, { ...kind, flows: flows + 1 });
  }
  return judgedKinds({ kinds: [...kinds.values()], stored: seen.length, beyond: 0 }, alike, flips);
}

const counted = (all: readonly (readonly [string, number])[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const [what, count] of all) counts[what] = (counts[what] ?? 0) + count;
  return counts;
};

describe('what is foretold', () => {
  it('of connections seen is what becomes of each, and of all that are stored, of how many', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const seen = connections(scene.entities);
        const [before, after] = [scene.before, scene.after].map((objects) =>
          worldOf(scene.entities, objects, ({ mode }) => mode),
        );
        const told = new Map(
          foretold(scene, seen).flips.map((flip) => [flip.index, [flip.before, flip.after]]),
        );
        const changed: [string, number][] = [];
        for (const [i, one] of seen.entries()) {
          const happens = [becomes(before!, one), becomes(after!, one)];
          expect([nameOf(one.from), nameOf(one.to), one.proto, one.port, told.get(i) ?? 'nothing']).toEqual([
            nameOf(one.from),
            nameOf(one.to),
            one.proto,
            one.port,
            happens[0] === happens[1] ? 'nothing' : happens,
          ]);
          if (happens[0] !== happens[1]) changed.push([`${one.proto} ${one.port} ${happens.join()}`, 1]);
        }
        const { flips, leftOut } = storedForetold(scene, seen);
        const stored = flips.map(({ kind, before: was, after: is }) => {
          return [`${kind.proto} ${kind.port} ${was},${is}`, kind.flows] as const;
        });
        expect([leftOut, counted(stored)]).toEqual([{ essential: 0, gone: 0, beyond: 0 }, counted(changed)]);
      }),
      { numRuns: 10 },
    );
  });

  it('of pairs is who gains and who loses a connection, in full', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const [before, after] = [scene.before, scene.after].map((objects) =>
          worldOf(scene.entities, objects, () => 'full'),
        );
        const { gained, lost } = foretold(scene).pairs;
        const pairOf = ({ from, to }: Pick<OnWire, 'from' | 'to'>): string =>
          `${nameOf(from)} → ${nameOf(to)}`;
        const [gains, loses] = [gained, lost].map((pairs) => new Set(pairs.map(pairOf)));
        for (const one of [...gained, ...lost]) {
          const isGained = gained.includes(one);
          expect([
            pairOf(one),
            one.proto,
            one.port,
            becomes(before!, one) === 'blocked',
            becomes(after!, one) === 'blocked',
          ]).toEqual([pairOf(one), one.proto, one.port, isGained, !isGained]);
        }
        for (const one of connections(scene.entities).filter(({ from, to }) => from.entity && to.entity)) {
          const [was, is] = [becomes(before!, one) !== 'blocked', becomes(after!, one) !== 'blocked'];
          if (was === is) continue;
          const told = is ? gains! : loses!;
          expect([one.proto, one.port, is, [...told]]).toEqual([
            one.proto,
            one.port,
            is,
            expect.arrayContaining([pairOf(one)]),
          ]);
        }
      }),
      { numRuns: 25 },
    );
  });
});
