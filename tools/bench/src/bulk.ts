/** bench: bulk calls of a thousand workloads over REST: made, changed and deleted, from request to answer */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { BULK_MAX } from '@ringfence/contracts';
import type { RingfenceApi } from '@ringfence/up';
import { print, spread } from './measure.js';
import { withSimulatedStack } from './simulated-stack.js';

const HELP = `npm run bench -- bulk [--items N] [--rounds N]

  --items N    in each call; at most what a call may bring (${BULK_MAX})
  --rounds N   a call of each kind is made so often (5)`;

interface Answered {
  readonly href: string;
}

async function bulk(
  api: RingfenceApi,
  op: string,
  items: readonly object[],
): Promise<{ readonly answer: Answered[]; readonly took: number }> {
  const begun = performance.now();
  const answer = await api.put<Answered[]>(`/workloads/${op}`, items);
  return { answer, took: performance.now() - begun };
}

const host = (n: number): object => {
  const name = `host-${n}-${randomUUID()}`;
  const address = `10.${Math.floor(n / 65_536)}.${Math.floor(n / 256) % 256}.${n % 256}`;
  return { name, hostname: name, interfaces: [{ name: 'eth0', address }] };
};

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: String(BULK_MAX) },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  await withSimulatedStack(async ({ api }) => {
    const [items, rounds] = [Number(values.items), Number(values.rounds)];
    const took: Record<'made' | 'changed' | 'deleted', number[]> = { made: [], changed: [], deleted: [] };
    for (let round = 0; round < rounds; round += 1) {
      const made = await bulk(
        api,
        'bulk_create',
        Array.from({ length: items }, (_, n) => host(n)),
      );
      const hrefs = made.answer.map(({ href }) => ({ href }));
      const changed = await bulk(
        api,
        'bulk_update',
        hrefs.map((each) => ({ ...each, description: 'changed' })),
      );
      const deleted = await bulk(api, 'bulk_delete', hrefs);
      took.made.push(made.took);
      took.changed.push(changed.took);
      took.deleted.push(deleted.took);
    }
    print(
      `${items} workloads in one call`,
      Object.entries(took).map(([what, all]) => ({ what, value: spread(all) })),
    );
  });
}
