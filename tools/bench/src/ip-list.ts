/** bench: one IP list of 100,000 ranges over REST: made, read and provisioned, from request to answer */
import { parseArgs } from 'node:util';
import type { RingfenceApi } from '@ringfence/up';
import { print, spread } from './measure.js';
import { withSimulatedStack } from './simulated-stack.js';

const HELP = `npm run bench -- ip-list [--ranges N] [--rounds N]

  --ranges N   in the list, half of them exclusions; at most what a list may hold (100000)
  --rounds N   so often, each a list of its own that a rule names (3)`;

/** Of each 16 addresses the first four are out. */
const rangesOf = (count: number): object[] =>
  Array.from({ length: count / 2 }, (_, i) => `10.${i >> 12}.${(i >> 4) & 255}.${(i & 15) * 16}`).flatMap(
    (first) => [{ from_ip: `${first}/28` }, { from_ip: `${first}/30`, exclusion: true }],
  );

async function timed<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly took: number }> {
  const begun = performance.now();
  const answer = await work();
  return { answer, took: performance.now() - begun };
}

interface Made {
  readonly href: string;
  readonly ip_ranges: readonly object[];
}

/** A list, and a rule that lets everything reach it; both are provisioned. */
async function round(
  api: RingfenceApi,
  ranges: readonly object[],
  n: number,
): Promise<Record<string, number>> {
  const name = `ranges ${n}`;
  const made = await timed(() => api.post<Made>('/sec_policy/draft/ip_lists', { name, ip_ranges: ranges }));
  const read = await timed(() => api.get<Made>(made.answer.href.slice('/orgs/1'.length)));
  if (read.answer.ip_ranges.length !== ranges.length) throw new Error('ranges were lost');
  const rule = {
    providers: [{ ip_list: { href: made.answer.href } }],
    consumers: [{ actors: 'ams' }],
    ingress_services: [{ proto: 6, port: 443 }],
    resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
  };
  await api.post('/sec_policy/draft/rule_sets', { name, scopes: [[]], rules: [rule] });
  const provisioned = await timed(() => api.post('/sec_policy', { update_description: name }));
  return { made: made.took, read: read.took, provisioned: provisioned.took };
}

const { values } = parseArgs({
  options: {
    ranges: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  await withSimulatedStack(async ({ api }) => {
    const ranges = rangesOf(Number(values.ranges));
    const rounds: Record<string, number>[] = [];
    for (let n = 1; n <= Number(values.rounds); n += 1) rounds.push(await round(api, ranges, n));
    print(
      `an IP list of ${ranges.length} ranges`,
      ['made', 'read', 'provisioned'].map((what) => ({
        what,
        value: spread(rounds.map((one) => one[what]!)),
      })),
    );
  });
}
