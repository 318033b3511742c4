/** bench: what another policy would change for a million connections seen, and what explaining one of them takes */
import { entityEnd, judgedByLabels } from '@ringfence/policy-compute/judged-by-labels';
import { PolicyPreview } from '@ringfence/policy-compute/policy-preview';
import { whatIf } from '@ringfence/policy-compute/what-if';
import { after, before, callsSeen, entities, facts, labelSets, WORKLOADS } from './labelled-calls.js';
import { distribution, milliseconds, ms, peakRssMb, print, processorMilliseconds } from './measure.js';

const EDGES = 1_000_000;

const ends = entities.map(entityEnd);

/** As the route makes them of what it is given. */
const edgesSeen = () =>
  callsSeen(EDGES).map(({ from, to, port }) => ({
    ...{ from: ends[from]!, to: ends[to]!, proto: 6, port },
    ...{ connections: 1, lastSeen: '', essential: false },
  }));

const preview = new PolicyPreview(facts);
const seen = edgesSeen();
const world = {
  ...{ entities: new Map(entities.map((one) => [one.id, one])), preview, before, after },
  modeOf: () => undefined,
};
preview.with(before);

let found: ReturnType<typeof whatIf> | undefined;
let time = 0;
const processor = processorMilliseconds(() => (time = milliseconds(() => (found = whatIf(seen, world)))));
const standing = preview.with(before);
const explained = distribution(2_000, (i) => {
  const { from, to, proto, port } = seen[i * 400]!;
  judgedByLabels({ from, to, packet: { proto, port } }, (cluster) => standing.get(cluster));
});
print(`${WORKLOADS} workloads of ${labelSets.length} label sets, 1,000 rules, ${EDGES} connections seen`, [
  {
    what: 'what would change',
    value: `${ms(time)} by the clock, ${ms(processor)} of processors; target 1 s`,
  },
  {
    what: 'verdicts that flip / pairs gained / lost',
    value: `${found!.flips.length} / ${found!.pairs.gained.length} / ${found!.pairs.lost.length}`,
  },
  {
    what: 'one connection explained',
    value: `${ms(explained.median)} (p99 ${ms(explained.p99)}); target 1 ms`,
  },
  { what: 'memory', value: `process peak ${peakRssMb().toFixed(0)} MB` },
]);
