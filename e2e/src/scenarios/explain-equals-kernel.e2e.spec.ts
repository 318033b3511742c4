/**
 * Explain and the kernel say the same: random policies in random modes, every source to every target, asked of REST and
 * sent as real packets. `RINGFENCE_SEED` repeats a run; a failure prints its own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mode } from '../application.js';
import { provision, removeNamespace, setNodeMode } from '../application.js';
import { Random } from '../campaign/random.js';
import { explain, inTurns, untilInForce } from '../explained.js';
import { burst } from '../matrix/burst.js';
import type { Fate } from '../matrix/burst.js';
import { randomIpLists, randomRuleSet } from '../matrix/random-policy.js';
import { BANK, buildTown, FREE, setModes, SHOP } from '../matrix/town.js';
import type { Source, Target, Town } from '../matrix/town.js';
import { api } from '../world.js';

const SEED = Number(process.env['RINGFENCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Of the two namespaces, and of the two nodes. */
const MODES: readonly {
  readonly namespaces: readonly [Mode, Mode];
  readonly nodes: readonly [Mode, Mode];
}[] = [
  { namespaces: ['full', 'full'], nodes: ['full', 'full'] },
  { namespaces: ['selective', 'full'], nodes: ['visibility_only', 'full'] },
  { namespaces: ['full', 'visibility_only'], nodes: ['selective', 'idle'] },
];

const untilQuiet = (town: Town, version: number, modes: Readonly<Record<string, Mode>>): Promise<void> =>
  untilInForce(version, [
    ...town.places.map(({ name, namespace }) => ({ name, mode: modes[namespace] })),
    ...town.nodes.map((node) => ({ name: `node:${node}`, mode: modes[node] })),
  ]);

interface Triple {
  readonly source: Source;
  readonly target: Target;
}
const hasPassed = (fate: Fate): boolean => fate !== 'dropped';

async function fatesOf(town: Town): Promise<Fate[]> {
  const fates = await Promise.all(town.sources.map((source) => burst(source.netns, targetsOf(town, source))));
  return fates.flat();
}

/** A ClusterIP means something to nodes and their Pods only. */
const targetsOf = ({ targets }: Town, { isInside }: Source): Target[] =>
  targets.filter(({ isClusterIp }) => isInside || !isClusterIp);

describe(`explain and the kernel (seed ${SEED})`, () => {
  const random = new Random(SEED);
  /** Rule sets name IP lists: they go first, and are provisioned away before those can. */
  const made = { ruleSets: [] as string[], lists: [] as string[] };
  let town: Town;

  beforeAll(async () => {
    town = await buildTown();
  });
  afterAll(async () => {
    for (const hrefs of [made.ruleSets, made.lists]) {
      for (const href of hrefs) await api.remove(href);
      if (hrefs.length > 0) await provision('explain: gone');
    }
    for (const namespace of [SHOP, BANK, FREE]) await removeNamespace(namespace);
    for (const node of town.nodes) await setNodeMode(node, 'visibility_only');
    await town.close();
  });

  const create = async (collection: string, body: object): Promise<string> =>
    (await api.post<{ href: string }>(`/sec_policy/draft/${collection}`, body)).href;

  async function writePolicy(name: string): Promise<number> {
    for (const href of made.ruleSets.splice(0)) await api.remove(href);
    const lists: string[] = [];
    for (const body of randomIpLists(random, town.words, name)) lists.push(await create('ip_lists', body));
    made.lists.push(...lists);
    for (const number of [1, 2]) {
      const body = randomRuleSet(random, town.words, { name: `${name} ${number}`, lists });
      made.ruleSets.push(await create('rule_sets', body));
    }
    const { href } = await api.post<{ href: string }>('/sec_policy', { update_description: name });
    return Number(href.split('/').at(-1));
  }

  it.each(MODES.map((modes, round) => ({ round, modes })))(
    'say the same of every packet (round $round, $modes)',
    async ({ round, modes: { namespaces, nodes } }) => {
      const ofNamespaces = { [SHOP]: namespaces[0], [BANK]: namespaces[1] };
      const ofNodes = Object.fromEntries(town.nodes.map((node, i) => [node, nodes[i]!]));
      const version = await writePolicy(`matrix ${SEED} ${round}`);
      await setModes(ofNamespaces, ofNodes);
      await untilQuiet(town, version, { ...ofNamespaces, ...ofNodes });
      const triples: Triple[] = town.sources.flatMap((source) =>
        targetsOf(town, source).map((target) => ({ source, target })),
      );
      const told = await inTurns(triples, ({ source, target }) => explain(source.name, target.name, target));
      const fates = await fatesOf(town);
      const wrong = triples.flatMap(({ source, target }, i) => {
        const [answer, fate] = [told[i]!, fates[i]!];
        const isSame = answer.basis === 'cluster' && hasPassed(fate) === (answer.verdict !== 'blocked');
        return isSame
          ? []
          : [`${source.name} → ${target.name}:${target.port}/${target.proto} ${fate}; ${answer.summary}`];
      });
      expect(triples.length).toBeGreaterThanOrEqual(Math.ceil(500 / MODES.length));
      expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
      // A policy that stops nothing, or everything, would show nothing.
      expect(new Set(fates).size).toBeGreaterThan(1);
    },
  );
});
