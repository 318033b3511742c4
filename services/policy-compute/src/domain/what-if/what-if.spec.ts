import type { PolicyObjects } from '@ringfence/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entity } from '../../testing/fact-builders.js';
import { anyEntities, edge, factsOf, inForce, objectsWith } from '../../testing/labelled-world.js';
import { boundary, rule, ruleSet } from '../../testing/policy-builders.js';
import type { EntityFact } from '../facts.js';
import { judgedByLabels } from '../judged-by-labels.js';
import { PolicyPreview } from '../policy-preview.js';
import type { SeenEdge } from '../suggestion/seen-edge.js';
import { whatIf } from './what-if.js';
import type { WhatIf, WhatIfWorld } from './what-if.js';

type Scene = Pick<WhatIfWorld, 'before' | 'after'> & {
  readonly entities: readonly EntityFact[];
  readonly edges?: readonly SeenEdge[];
  readonly modeOf?: WhatIfWorld['modeOf'];
};
const asked = ({ entities, edges = [], modeOf = () => undefined, ...objects }: Scene): WhatIf =>
  whatIf(edges, {
    ...objects,
    entities: new Map(entities.map((one) => [one.id, one])),
    preview: new PolicyPreview(factsOf(entities)),
    modeOf,
  });

const PORTS = [80, 443];
const anyActors = fc.subarray(
  ['1', '2', '3', '11', '12'].map((id) => ({ kind: 'label' as const, id, exclusion: false })),
  { minLength: 1, maxLength: 2 },
);
const anyWorkload = fc.constantFrom('w0', 'w1', 'w2').map((id) => ({ kind: 'workload' as const, id }));
const anySide = fc.oneof(
  { weight: 4, arbitrary: anyActors },
  { weight: 1, arbitrary: fc.tuple(anyWorkload) },
);
const anyRule = fc
  .record({
    providers: anySide,
    consumers: anySide,
    port: fc.constantFrom(...PORTS),
    kind: fc.constantFrom('allow', 'allow', 'deny', 'override'),
  })
  .map(({ port, kind, ...sides }) => ({
    kind,
    rule: rule('1', {
      ...sides,
      unscopedConsumers: true,
      services: [{ kind: 'ports', ports: { proto: 6, from: port } }],
    }),
  }));
const anyObjects: fc.Arbitrary<PolicyObjects> = fc.array(anyRule, { maxLength: 3 }).map((rules) =>
  objectsWith(
    ruleSet('5', {
      rules: rules.flatMap(({ kind, rule: one }, i) =>
        kind === 'allow' ? [{ ...one, id: `${i + 1}` }] : [],
      ),
      denyRules: rules.flatMap(({ kind, rule: one }, i) =>
        kind === 'allow' ? [] : [{ ...one, id: `${i + 1}`, override: kind === 'override' }],
      ),
    }),
  ),
);

describe('pairs gained and lost', () => {
  it('are those that pass under one policy and not under the other, in full', () => {
    const anyScene = fc.record({ entities: anyEntities, before: anyObjects, after: anyObjects });
    fc.assert(
      fc.property(anyScene, (scene) => {
        const { entities } = scene;
        const [old, now] = [inForce(entities, scene.before), inForce(entities, scene.after)];
        const all = entities.flatMap((from) =>
          entities.flatMap((to) => PORTS.map((port) => edge(from, to, port))),
        );
        const words = ({ from, to, port }: Pick<SeenEdge, 'from' | 'to' | 'port'>): string =>
          `${from.name} ${to.name} ${port}`;
        const { gained, lost, isCut } = asked(scene).pairs;
        expect(isCut).toBe(false);
        expect(gained.map(words).sort()).toEqual(
          all
            .filter((one) => !old(one) && now(one))
            .map(words)
            .sort(),
        );
        expect(lost.map(words).sort()).toEqual(
          all
            .filter((one) => old(one) && !now(one))
            .map(words)
            .sort(),
        );
      }),
      { numRuns: 150 },
    );
  });
});

describe('a pair', () => {
  const [web, api] = [entity('web', { labels: ['1', '11'] }), entity('api', { labels: ['2', '11'] })];
  const entities = [web, api];
  const ports = (from: number, to = from) => [{ kind: 'ports' as const, ports: { proto: 6, from, to } }];
  const gainedIn = (before: PolicyObjects, after: PolicyObjects): string[] =>
    asked({ entities, before, after }).pairs.gained.map(
      ({ from, to, proto, port }) => `${from.entity?.id} ${to.entity?.id} ${port}/${proto}`,
    );
  const fromWeb = {
    consumers: [{ kind: 'workload' as const, id: 'web' }],
    providers: [{ kind: 'workload' as const, id: 'api' }],
  };
  const stop = (id: string, ...range: [number, number]) => ({
    ...rule(id, { ...fromWeb, services: ports(...range) }),
    override: true,
  });

  it('is gained in the middle of a range, where two rules leave a port between them', () => {
    const rules = [rule('1', { ...fromWeb, services: ports(80, 90) })];
    const before = objectsWith(ruleSet('5', { rules, denyRules: [stop('2', 80, 90)] }));
    const after = objectsWith(ruleSet('5', { rules, denyRules: [stop('2', 80, 84), stop('3', 86, 90)] }));
    expect(gainedIn(before, after)).toEqual(['web api 85/6']);
  });

  it('is gained when what denied every address is gone, and labels allow it', () => {
    const rules = [rule('1', fromWeb)];
    const everywhere = {
      id: '1',
      name: '',
      description: '',
      ranges: [{ from: '0.0.0.0/0', to: null, exclusion: false, description: '' }],
      fqdns: [],
    };
    const denyRules = [{ ...stop('2', 1, 65_535), providers: [{ kind: 'ip_list' as const, id: '1' }] }];
    const lists = { ip_lists: [everywhere] };
    const before = { ...objectsWith(ruleSet('5', { rules, denyRules })), ...lists };
    expect(gainedIn(before, { ...objectsWith(ruleSet('5', { rules })), ...lists })).toEqual(['web api 80/6']);
  });

  it('is lost for every other protocol where one protocol keeps a rule of its own', () => {
    const keeps = rule('1', { ...fromWeb, services: [{ kind: 'ports', ports: { proto: 6 } }] });
    const all = rule('2', { ...fromWeb, services: [{ kind: 'service', id: '1' }] });
    const before = objectsWith(ruleSet('5', { rules: [keeps, all] }));
    const { lost } = asked({ entities, before, after: objectsWith(ruleSet('5', { rules: [keeps] })) }).pairs;
    expect(lost.map(({ proto }) => proto)).toEqual([17]);
  });
});

describe('connections seen', () => {
  it('flip where each of them, judged by itself, has another verdict', () => {
    const anyMode = fc.constantFrom('full' as const, 'selective' as const, undefined);
    const anyScene = fc.record({
      entities: anyEntities,
      before: anyObjects,
      after: anyObjects,
      mode: anyMode,
    });
    fc.assert(
      fc.property(anyScene, ({ entities, before, after, mode }) => {
        const modeOf: WhatIfWorld['modeOf'] = ({ id }) => (id === 'w0' ? undefined : mode);
        const edges = entities.flatMap((from) =>
          entities.flatMap((to) => PORTS.map((port) => edge(from, to, port))),
        );
        const judged = (objects: PolicyObjects, modes?: WhatIfWorld['modeOf']) => {
          const standing = new PolicyPreview(factsOf(entities)).with(objects);
          return edges.map(
            ({ from, to, proto, port }) =>
              judgedByLabels({ from, to, packet: { proto, port } }, (id) => standing.get(id), modes)
                .explanation.verdict,
          );
        };
        const [old, now] = [judged(before), judged(after, modeOf)];
        const { flips } = asked({ entities, edges, before, after, modeOf });
        expect(flips.map(({ index }) => [index, old[index], now[index]])).toEqual(
          edges.flatMap((_, i) => (old[i] === now[i] ? [] : [[i, old[i], now[i]]])),
        );
        for (const flip of flips)
          expect([flip.before, flip.after]).toEqual([old[flip.index], now[flip.index]]);
      }),
      { numRuns: 200 },
    );
  });

  const [web, api] = [entity('web', { labels: ['1', '11'] }), entity('api', { labels: ['2', '11'] })];
  const allowing = objectsWith(ruleSet('5', { rules: [rule('1')] }));
  const entities = [web, api];

  it('flip where the verdict is another one, and name the rule that denies', () => {
    const edges = [edge(web, api), { ...edge(web, api, 443), essential: true }];
    expect(asked({ entities, edges, before: objectsWith(), after: allowing }).flips).toMatchObject([
      { index: 0, before: 'blocked', after: 'allowed', rule: null },
    ]);
    const denying = {
      ...objectsWith(),
      enforcement_boundaries: [boundary('7', { services: [{ kind: 'service', id: '1' }] })],
    };
    const selective = entities.map((one) => ({ ...one, mode: 'selective' as const }));
    const [from, to] = selective;
    expect(
      asked({ entities: selective, edges: [edge(from!, to!)], before: objectsWith(), after: denying }).flips,
    ).toMatchObject([
      { before: 'potentially_blocked', after: 'blocked', rule: expect.stringContaining('/7') as string },
    ]);
  });

  it('flip with the mode that is asked about, and with no other', () => {
    const seen = entities.map((one) => ({ ...one, mode: 'visibility_only' as const }));
    const scene = {
      entities: seen,
      edges: [edge(seen[0]!, seen[1]!)],
      before: objectsWith(),
      after: objectsWith(),
    };
    expect(asked(scene).flips).toEqual([]);
    expect(asked({ ...scene, modeOf: () => 'full' }).flips).toMatchObject([
      { before: 'potentially_blocked', after: 'blocked' },
    ]);
  });
});
