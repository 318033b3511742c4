/**
 * The flow graph, drawn from every service's manifest: no lane turns back, nobody emits what nobody reads, nobody reads
 * what nobody emits, every call has one server. `--print` shows it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CALLS, STREAMS } from '@ringfence/contracts';
import type { Consumption, ServiceManifest } from '@ringfence/contracts';

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services');
/** The lanes of ARCHITECTURE.md: a message may only travel from an earlier to a later service of its lane. */
const LANES: Readonly<Record<string, readonly string[]>> = {
  obs: ['cven', 'kubelink', 'clas-cache', 'inventory'],
  evt: ['inventory', 'label-resolver', 'policy-compute', 'gateway'],
  policy: ['label-resolver', 'policy-compute', 'clas-cache', 'cven', 'kubelink'],
  flow: ['cven', 'clas-cache', 'flow-ingest', 'gateway'],
  ack: ['cven', 'clas-cache', 'inventory', 'policy-compute', 'gateway'],
};
/** Read models for showing only: they decide nothing, so the lane does not turn back through them. */
const DISPLAY_ONLY = new Set([
  'inventory<evt.*.entity.*',
  'flow-ingest<evt.*.label.*',
  'flow-ingest<evt.*.policy-version.*',
]);

async function manifests(): Promise<ServiceManifest[]> {
  const names = readdirSync(SERVICES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const modules = await Promise.all(
    names.map(
      ({ name }) =>
        import(join(SERVICES, name, 'dist', 'manifest.js')) as Promise<{ manifest: ServiceManifest }>,
    ),
  );
  return modules.map(({ manifest }) => manifest);
}

/** Whether two subject patterns have a subject in common. */
function overlap(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    if (left[i] === '>' || right[i] === '>') return true;
    if (left[i] === undefined || right[i] === undefined) return false;
    if (left[i] !== '*' && right[i] !== '*' && left[i] !== right[i]) return false;
  }
  return true;
}

function consumptionProblems(
  reader: ServiceManifest,
  consumption: Consumption,
  all: readonly ServiceManifest[],
): string[] {
  const { filter, stream, server } = consumption;
  const name = `${reader.service} reads ${filter}`;
  const contract = STREAMS.find((candidate) => candidate.name === stream);
  if (!contract) return [`${name}: there is no stream ${stream}`];
  const problems = contract.subjects.some((subject) => overlap(subject, filter))
    ? []
    : [`${name}: not on ${stream}`];
  const emitters = all.filter((m) =>
    m.emits.some((emission) => emission.server === server && overlap(emission.subject, filter)),
  );
  if (emitters.length === 0) problems.push(`${name}: nobody emits it on the ${server} server`);
  if (DISPLAY_ONLY.has(`${reader.service}<${filter}`)) return problems;
  const lane = LANES[filter.split('.')[0]!] ?? [];
  const turning = emitters.filter(
    (m) => m.service !== reader.service && lane.indexOf(m.service) > lane.indexOf(reader.service),
  );
  return [...problems, ...turning.map((m) => `${name}: the lane turns back from ${m.service}`)];
}

function callProblems(all: readonly ServiceManifest[]): string[] {
  const contracts = new Set(Object.values(CALLS).map(({ service, method }) => `${service}.${method}`));
  const served = all.flatMap((m) => m.serves.map((call) => ({ call, by: m.service })));
  const problems = [...contracts]
    .filter((call) => served.filter((s) => s.call === call).length !== 1)
    .map((call) => `${call}: needs exactly one server`);
  const unknown = all.flatMap((m) =>
    [...m.serves, ...m.calls]
      .filter((call) => !contracts.has(call))
      .map((call) => `${m.service}: unknown call ${call}`),
  );
  return [...problems, ...unknown];
}

const all = await manifests();
const unread = all.flatMap((m) =>
  m.emits
    .filter(
      ({ subject, server }) =>
        !subject.startsWith('dead.') &&
        !all.some((r) => r.consumes.some((c) => c.server === server && overlap(c.filter, subject))),
    )
    .map(({ subject, server }) => `${m.service} emits ${subject} on the ${server} server: nobody reads it`),
);
const problems = [
  ...all.flatMap((m) => m.consumes.flatMap((c) => consumptionProblems(m, c, all))),
  ...callProblems(all),
  ...unread,
];
if (process.argv.includes('--print')) {
  for (const m of all)
    for (const c of m.consumes)
      process.stdout.write(`${c.filter.padEnd(32)} → ${m.service} (${c.mode}, ${c.server})\n`);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${all.length} services, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
