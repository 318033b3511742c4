import type { PolicyObjects } from '@ringfence/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entity } from '../../testing/fact-builders.js';
import {
  ALL_SERVICES,
  anyEntities,
  edge,
  factsOf,
  inForce,
  LABELS,
  objectsWith,
} from '../../testing/labelled-world.js';
import { rule, ruleSet } from '../../testing/policy-builders.js';
import type { EntityFact } from '../facts.js';
import { addressEnd } from '../judged-by-labels.js';
import { PolicyPreview } from '../policy-preview.js';
import type { SeenEdge } from './seen-edge.js';
import type { Tightness } from './suggested-rules.js';
import { suggestPolicy } from './suggestion.js';
import type { Suggestion } from './suggestion.js';

interface Scene {
  readonly entities: readonly EntityFact[];
  readonly edges: readonly SeenEdge[];
  readonly objects: PolicyObjects;
  readonly tightness: Tightness;
}

function suggested({ entities, edges, objects, tightness }: Scene): Suggestion {
  return suggestPolicy(edges, tightness, {
    labels: new Map(LABELS.map((one) => [one.id, one])),
    entities: new Map(entities.map((one) => [one.id, one])),
    objects,
    allServices: ALL_SERVICES.id,
    preview: new PolicyPreview(factsOf(entities)),
    ruleName: (ref) => ref,
  });
}

const anyActors = fc.subarray(
  ['1', '2', '3', '11', '12'].map((id) => ({ kind: 'label' as const, id, exclusion: false })),
  { minLength: 1, maxLength: 2 },
);
const anyStanding = fc
  .record({ providers: anyActors, consumers: anyActors, isDenial: fc.boolean(), override: fc.boolean() })
  .map(({ isDenial, override, ...sides }) =>
    ruleSet('5', {
      name: 'seen: shop prod',
      rules: isDenial ? [] : [rule('1', { ...sides, unscopedConsumers: true })],
      denyRules: isDenial ? [{ ...rule('1', { ...sides, unscopedConsumers: true }), override }] : [],
    }),
  );

const anyScene: fc.Arbitrary<Scene> = anyEntities.chain((entities) =>
  fc.record({
    entities: fc.constant(entities),
    edges: fc.array(
      fc
        .tuple(fc.constantFrom(...entities), fc.constantFrom(...entities), fc.constantFrom(80, 443))
        .map(([from, to, port]) => edge(from, to, port)),
      { maxLength: 8 },
    ),
    objects: fc.option(anyStanding, { nil: undefined }).map((one) => objectsWith(...(one ? [one] : []))),
    tightness: fc.constantFrom<Tightness>('app', 'role', 'port'),
  }),
);
const withSuggested = (objects: PolicyObjects, { ruleSets }: Suggestion): PolicyObjects => ({
  ...objects,
  rule_sets: [...objects.rule_sets, ...ruleSets],
});

describe('a suggestion, provisioned and enforced in full', () => {
  it('lets every covered edge pass and blocks every other', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const suggestion = suggested(scene);
        const passes = inForce(scene.entities, withSuggested(scene.objects, suggestion));
        for (const { edge: seen, coverage } of suggestion.outcomes)
          expect([seen.from.name, seen.to.name, passes(seen)]).toEqual([
            seen.from.name,
            seen.to.name,
            coverage !== 'blocked',
          ]);
      }),
      { numRuns: 150 },
    );
  });

  it('blocks nothing but what an override denies', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const hasOverride = scene.objects.rule_sets.some(({ denyRules }) =>
          denyRules.some((one) => one.override),
        );
        const blocked = suggested(scene).outcomes.filter(({ coverage }) => coverage === 'blocked');
        if (!hasOverride) expect(blocked).toEqual([]);
        for (const { reason } of blocked) expect(reason).toMatch(/^denied by /);
      }),
    );
  });

  it('opens by port nothing whose like was not seen: same labels, same port', () => {
    const alike = ({ id, labels }: EntityFact): string =>
      ['11', '12'].some((app) => labels.includes(app)) &&
      ['1', '2', '3'].some((role) => labels.includes(role))
        ? labels.join()
        : id;
    // Who lacks an environment stands for those that have one: rules cannot say "without".
    const isPlain = ({ entities }: Scene): boolean =>
      entities.every(({ labels }) => labels.includes('21') || labels.includes('22'));
    fc.assert(
      fc.property(anyScene.filter(isPlain), (given) => {
        const scene = { ...given, tightness: 'port' as const };
        const before = inForce(scene.entities, scene.objects);
        const after = inForce(scene.entities, withSuggested(scene.objects, suggested(scene)));
        const words = ({ from, to, port }: SeenEdge): string =>
          `${alike(from.entity!)} → ${alike(to.entity!)} ${port}`;
        const seen = new Set(scene.edges.map(words));
        const { entities } = scene;
        const tried = entities.flatMap((from) =>
          entities.flatMap((to) => [80, 443, 22].map((port) => edge(from, to, port))),
        );
        for (const opened of tried.filter((one) => after(one) && !before(one)))
          expect(seen).toContain(words(opened));
      }),
    );
  });

  it('is the same for the same edges in any order', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const other = suggested({ ...scene, edges: [...scene.edges].reverse() });
        expect(other.ruleSets).toEqual(suggested(scene).ruleSets);
      }),
    );
  });
});

describe('a suggestion', () => {
  const shop = (id: string, role: string): EntityFact => entity(id, { labels: [role, '11', '21'] });
  const [web, api, db, job] = [shop('web', '1'), shop('api', '2'), shop('db', '3'), shop('job', '1')];
  const bank = entity('teller', { labels: ['1', '12', '21'] });
  const scene = (over: Partial<Scene>): Scene => ({
    entities: [web, api, db, job, bank],
    edges: [],
    objects: objectsWith(),
    tightness: 'port',
    ...over,
  });

  it('says with two rules who calls whom within an application, and with a third who comes from another', () => {
    const { ruleSets, outcomes } = suggested(
      scene({ edges: [edge(web, api), edge(web, api, 443), edge(api, db), edge(bank, api)] }),
    );
    expect(outcomes.map(({ coverage }) => coverage)).toEqual(Array(4).fill('suggested'));
    expect(ruleSets).toMatchObject([
      {
        name: 'seen: shop prod',
        scopes: [[{ id: '11' }, { id: '21' }]],
        rules: [
          { consumers: [{ id: '1' }], providers: [{ id: '2' }], unscopedConsumers: false },
          { consumers: [{ id: '2' }], providers: [{ id: '3' }], unscopedConsumers: false },
          { consumers: [{ id: '1' }, { id: '12' }, { id: '21' }], unscopedConsumers: true },
        ],
      },
    ]);
    expect(ruleSets[0]?.rules[0]?.services).toEqual([
      { kind: 'ports', ports: { proto: 6, from: 80 } },
      { kind: 'ports', ports: { proto: 6, from: 443 } },
    ]);
  });

  it('asks for nothing that the draft allows, and takes no name that is taken', () => {
    const standing = ruleSet('5', {
      name: 'seen: shop prod',
      rules: [
        rule('1', { consumers: [{ kind: 'label', id: '1', exclusion: false }], unscopedConsumers: true }),
      ],
    });
    const { ruleSets, outcomes } = suggested(
      scene({ edges: [edge(web, api), edge(api, db)], objects: objectsWith(standing) }),
    );
    expect(outcomes.map(({ coverage }) => coverage)).toEqual(['existing', 'suggested']);
    expect(ruleSets.map(({ name, rules }) => [name, rules.length])).toEqual([['seen: shop prod 2', 1]]);
  });

  it('shows the evidence of a rule and what it lets pass that nobody saw', () => {
    const { evidence } = suggested(scene({ edges: [edge(web, api)] }));
    expect(evidence).toMatchObject([
      {
        edges: [{ from: { name: 'shop/web' } }],
        wider: { pairs: 2, unseen: 1, examples: ['shop/job → shop/api'] },
      },
    ]);
  });

  it('says of an address that no labels reach it, and lets what is essential be', () => {
    const outside = { ...edge(web, api), from: addressEnd('192.0.2.7') };
    const { ruleSets, outcomes } = suggested(
      scene({ edges: [outside, { ...edge(web, db), essential: true }] }),
    );
    expect(ruleSets).toEqual([]);
    expect(outcomes).toMatchObject([
      { coverage: 'blocked', reason: expect.stringContaining('IP list') as string },
      { coverage: 'essential', reason: null },
    ]);
  });

  it('counts what went to a Service that nobody was behind for its labels, and without labels for nobody', () => {
    const service = (labels: string[]) => entity('db-service', { class: 'service', labels });
    const seen = (labels: string[]) =>
      suggested(
        scene({
          entities: [web, db, service(labels)],
          edges: [edge(web, service(labels), 5432), edge(web, db, 5432)],
        }),
      );
    const labelled = seen(['3', '11', '21']);
    expect(labelled.outcomes.map(({ coverage }) => coverage)).toEqual(['suggested', 'suggested']);
    expect(labelled.ruleSets.flatMap(({ rules }) => rules)).toMatchObject([
      { consumers: [{ id: '1' }], providers: [{ id: '3' }], services: [{ ports: { from: 5432 } }] },
    ]);
    expect(seen([]).outcomes).toMatchObject([
      { coverage: 'blocked', reason: expect.stringContaining('no workload with labels') as string },
      { coverage: 'suggested' },
    ]);
  });

  it('names by itself who carries no application, and everybody of one where an application is one', () => {
    const lone = entity('lone', { labels: ['1'] });
    const byApp = suggested(
      scene({ entities: [web, api, lone], edges: [edge(lone, api), edge(web, api)], tightness: 'app' }),
    );
    expect(byApp.ruleSets.flatMap(({ rules }) => rules)).toMatchObject([
      { consumers: [{ kind: 'ams' }], providers: [{ kind: 'ams' }], unscopedConsumers: false },
      {
        consumers: [{ kind: 'workload', id: 'lone' }],
        providers: [{ kind: 'ams' }],
        unscopedConsumers: true,
      },
    ]);
  });
});
