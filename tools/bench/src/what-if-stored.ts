/** bench: what another policy would change for a million flows that are stored, from the question to the counts */
import { tmpdir } from 'node:os';
import { CALLS } from '@ringfence/contracts';
import type { PolicyObjects } from '@ringfence/contracts';
import { ensureDatabase, openEventStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { DATABASE } from '@ringfence/flow-ingest/database';
import { postgresFlowStore } from '@ringfence/flow-ingest/postgres-flow-store';
import { storedFlows } from '@ringfence/flow-ingest/stored-flows';
import { PolicyPreview } from '@ringfence/policy-compute/policy-preview';
import { endsAlike, judgedKinds } from '@ringfence/policy-compute/stored-flows';
import { keptFlips } from '@ringfence/policy-compute/what-if';
import { onPostgres } from './bench-postgres.js';
import {
  after,
  before,
  callsSeen,
  CLUSTER,
  entities,
  everywhere,
  facts,
  WORKLOADS,
} from './labelled-calls.js';
import { ms, peakRssMb, print } from './measure.js';
import type { Figure } from './measure.js';

const FLOWS = 1_000_000;
const DAYS = 7;
const ROUNDS = 5;
const AT_ONCE = 50_000;
const DAY_MS = 86_400_000;

const names = { labels: new Map(), clusters: new Map(), ipLists: new Map(), labelGroups: new Map() };
const dayOf = (ago: number): string => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

/** As the writer leaves them: an end for each workload, seven days of flows that both ends reported. */
async function fill({ pool }: EventStore): Promise<void> {
  await pool.query(
    `insert into ends (identity, cluster, workload, kind, name, namespace, labels, mode, managed, last_day)
     select id, $2, id, 'Deployment', id, 'shop', array['1', '2'], 'full', true, $3::date from unnest($1::text[]) as id`,
    [entities.map(({ id }) => id), CLUSTER, dayOf(0)],
  );
  for (let ago = 0; ago < DAYS; ago += 1)
    await pool.query(
      `create table flows_${dayOf(ago).replaceAll('-', '')} partition of flows for values from ('${dayOf(ago)}') to ('${dayOf(ago - 1)}')`,
    );
  const calls = callsSeen(FLOWS);
  for (let at = 0; at < FLOWS; at += AT_ONCE) {
    const some = calls.slice(at, at + AT_ONCE);
    await pool.query(WRITTEN, [
      some.map((_, i) => dayOf((at + i) % DAYS)),
      ...[some.map(({ from }) => from + 1), some.map(({ to }) => to + 1), some.map(({ port }) => port)],
      // Each is a row of its own, as days and versions of policy make them.
      some.map((_, i) => at + i),
    ]);
  }
  await pool.query('vacuum analyze');
}
const WRITTEN = `insert into flows (day, src, dst, proto, port, policy_version, src_ip, dst_ip, first_at, last_at,
    out_verdict, out_rule, out_class, out_state, out_at, out_connections, in_verdict, in_rule, in_class, in_state, in_at, in_connections)
  select day, src, dst, 6, port, version, '10.0.0.1', '10.0.0.2', day, day + interval '1 hour',
    1, r, 'allow', 'new', day + interval '1 hour', 5, 1, r, 'allow', 'new', day + interval '1 hour', 5
  from unnest($1::date[], $2::int[], $3::int[], $4::int[], $5::int[]) as t(day, src, dst, port, version),
    (select '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/2' as r) as rules`;

const preview = new PolicyPreview(facts);
const known = new Map(entities.map((one) => [one.id, one]));
/** As it goes over the bus. */
const told = <T>(call: { readonly response: { parse(given: unknown): T } }, answer: T): T =>
  call.response.parse(JSON.parse(JSON.stringify(answer)));

async function measured(store: EventStore, what: string, changed: PolicyObjects): Promise<Figure> {
  const flows = storedFlows({ store: postgresFlowStore(store.pool, 97), readNames: async () => names });
  const everybody = { include: [], exclude: [] };
  const choice = {
    ...{ start_date: `${dayOf(DAYS)}T00:00:00Z`, sources: everybody, destinations: everybody },
    ...{ services: everybody, sources_destinations_query_op: 'and' as const },
  };
  const times: number[] = [];
  let said = '';
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = performance.now();
    const flips = keptFlips({ preview, before, after: changed, modeOf: () => undefined });
    const { ends } = told(CALLS.endsSeen, await flows.endsSeen({ since: choice.start_date }));
    const alike = endsAlike(ends, known, flips);
    const { kinds, concerned } = alike;
    const found = told(CALLS.flowKinds, await flows.flowKinds({ choice, kinds, concerned }));
    const judged = judgedKinds(found, alike, flips);
    times.push(performance.now() - from);
    const count = judged.flips.reduce((sum, { kind }) => sum + kind.flows, 0);
    said = `${concerned.length} ends concerned, ${found.kinds.length} kinds, ${count} flows of ${found.stored} would change, ${judged.leftOut.beyond} beyond`;
  }
  const [best, median] = [0, Math.floor(ROUNDS / 2)].map((i) => times.sort((a, b) => a - b)[i]!);
  return { what, value: `${ms(median!)} (best ${ms(best!)}): ${said}` };
}

await onPostgres({ home: tmpdir() }, async (url) => {
  const store = await openEventStore({ url: await ensureDatabase(url, 'bench'), ...DATABASE });
  try {
    await fill(store);
    preview.with(before);
    print(`${FLOWS} flows of ${WORKLOADS} workloads stored in ${DAYS} days, ${ROUNDS} rounds; target 1 s`, [
      await measured(store, 'one rule of 1,000 is another one', after),
      await measured(store, 'a rule less in every rule set', everywhere),
      { what: 'memory', value: `process peak ${peakRssMb().toFixed(0)} MB` },
    ]);
  } finally {
    await store.close();
  }
});
