/**
 * One verdict everywhere: random policies of every form in random modes, packets from every source to every target. What the
 * kernel does, what explain answers, what the explorer shows, what the engine computes from what REST shows and what the words say are
 * one thing, and stay one while namespaces and Pods are labelled otherwise. `RINGFENCE_SEED` repeats a run; a failure prints its own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mode } from '../application.js';
import {
  asked,
  managedNamespace,
  removeNamespace,
  setNodeMode,
  untilInForce as untilAskedIsInForce,
} from '../application.js';
import { Random } from '../campaign/random.js';
import { explain, inTurns, untilInForce, untilLabelled } from '../explained.js';
import { burst } from '../matrix/burst.js';
import type { Fate } from '../matrix/burst.js';
import { BANK, buildTown, FREE, relabelPods, setModes, SHOP } from '../matrix/town.js';
import type { Grounds, Source, Target, Town } from '../matrix/town.js';
import { WrittenPolicy } from '../matrix/written-policy.js';
import { reportedOtherwise } from '../testing/flow-reports.js';
import { Judges } from '../testing/judges.js';

const SEED = Number(process.env['RINGFENCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Of the two namespaces, and of the two nodes. */
const ROUNDS: readonly {
  readonly namespaces: readonly [Mode, Mode];
  readonly nodes: readonly [Mode, Mode];
  /** Once the packets have been sent; then they are sent again, under the same policy. */
  readonly relabelled?: 'namespaces' | 'Pods';
}[] = [
  { namespaces: ['full', 'full'], nodes: ['full', 'full'], relabelled: 'namespaces' },
  { namespaces: ['selective', 'full'], nodes: ['visibility_only', 'full'], relabelled: 'Pods' },
  { namespaces: ['full', 'visibility_only'], nodes: ['selective', 'idle'] },
];
/** Of all that could be sent, each time others. */
const PACKETS_AT_ONCE = 120;

type Modes = Readonly<Record<string, Mode>>;
const untilQuiet = async (town: Town, version: number, modes: Modes): Promise<void> => {
  await untilAskedIsInForce(await asked());
  await untilInForce(version, [
    ...town.places.map(({ name, namespace }) => ({ name, mode: modes[namespace] })),
    ...town.nodes.map((node) => ({ name: `node:${node}`, mode: modes[node] })),
  ]);
};

interface Triple {
  readonly source: Source;
  readonly target: Target;
}
const hasPassed = (fate: Fate): boolean => fate !== 'dropped';
const wordsOf = ({ source, target }: Triple): string =>
  `${source.name} → ${target.name}:${target.port}/${target.proto}`;

/** A ClusterIP means something to nodes and their Pods only. */
const triplesOf = ({ sources, targets }: Town): Triple[] =>
  sources.flatMap((source) =>
    targets
      .filter(({ isClusterIp }) => source.isInside || !isClusterIp)
      .map((target) => ({ source, target })),
  );

/** What became of each. */
async function send(triples: readonly Triple[]): Promise<Fate[]> {
  const fates = new Map<Triple, Fate>();
  const sources = [...new Set(triples.map(({ source }) => source))];
  await Promise.all(
    sources.map(async (source) => {
      const own = triples.filter((triple) => triple.source === source);
      const found = await burst(
        source.netns,
        own.map(({ target }) => target),
      );
      own.forEach((triple, i) => fates.set(triple, found[i]!));
    }),
  );
  return triples.map((triple) => fates.get(triple)!);
}

describe(`one verdict everywhere (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const policy = new WrittenPolicy(random, `matrix ${SEED}`);
  const fates: Fate[] = [];
  let grounds: Grounds;
  let town: Town;

  beforeAll(async () => {
    grounds = await buildTown();
    town = await grounds.survey();
    await policy.offer(town.words);
  });
  afterAll(async () => {
    await policy.takeAway();
    for (const namespace of [SHOP, BANK, FREE]) await removeNamespace(namespace);
    for (const node of town.nodes) await setNodeMode(node, 'visibility_only');
    await grounds.close();
  });

  /** What differs from what explain says, of a random choice of packets. */
  async function differences(modes: Modes): Promise<string[]> {
    const triples = random.some(triplesOf(town), PACKETS_AT_ONCE);
    const judges = await Judges.of(town, modes);
    const told = await inTurns(triples, ({ source, target }) => explain(source.name, target.name, target));
    const since = new Date();
    const became = await send(triples);
    fates.push(...became);
    const otherwise = triples.flatMap((triple, i) => {
      const [answer, fate] = [told[i]!, became[i]!];
      const isSame = answer.basis === 'cluster' && hasPassed(fate) === (answer.verdict !== 'blocked');
      const kernel = isSame ? [] : [`${wordsOf(triple)} ${fate}; ${answer.summary}`];
      return [
        ...kernel,
        ...judges.otherwise(answer, triple.target).map((text) => `${wordsOf(triple)}: ${text}`),
      ];
    });
    const sent = triples.map((triple, i) => ({ ...triple, told: told[i]! }));
    return [...otherwise, ...(await reportedOtherwise(town, sent, since))];
  }

  it.each(ROUNDS.map((asking, round) => ({ round, ...asking })))(
    'of every packet (round $round, $namespaces, $nodes), also when $relabelled have other labels',
    async ({ round, namespaces, nodes, relabelled }) => {
      const modes: Modes = {
        ...{ [SHOP]: namespaces[0], [BANK]: namespaces[1] },
        ...Object.fromEntries(town.nodes.map((node, i) => [node, nodes[i]!])),
      };
      const version = await policy.write(round, town.words);
      await setModes(
        { [SHOP]: modes[SHOP]!, [BANK]: modes[BANK]! },
        Object.fromEntries(town.nodes.map((node) => [node, modes[node]!])),
      );
      await untilQuiet(town, version, modes);
      const wrong = await differences(modes);
      if (relabelled === 'namespaces') {
        await managedNamespace(SHOP, { app: BANK }, modes[SHOP]!);
        await managedNamespace(BANK, { app: SHOP }, modes[BANK]!);
      } else if (relabelled === 'Pods') {
        const role = await relabelPods(BANK, 'teller', 'db');
        town = await grounds.survey();
        const relabelled = town.places.filter(
          (place) => place.namespace === BANK && place.deployment === 'teller',
        );
        await untilLabelled(relabelled, role);
      }
      if (relabelled !== undefined) {
        await untilQuiet(town, version, modes);
        wrong.push(...(await differences(modes)));
      }
      expect(wrong, `seed ${SEED}: ${wrong.join('\n')}`).toEqual([]);
    },
  );

  it('of five hundred packets and more, some of which passed and some of which did not', () => {
    expect(fates.length).toBeGreaterThanOrEqual(500);
    expect(new Set(fates).size).toBeGreaterThan(1);
  });
});
