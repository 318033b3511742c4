/**
 * The flow graph, drawn from every service's manifest: no lane turns back, nobody emits what nobody reads, nobody reads
 * what nobody emits, every call has one server, and nobody waits for who waits for
 * them. `--print` shows it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLS, STREAMS } from '@ringfence/contracts';
import type { Consumption, ServiceManifest } from '@ringfence/contracts';
import { callCycles } from './call-cycles.js';

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services');
/** The lanes of ARCHITECTURE.md: a message may only travel from an earlier to a later service of its lane. */
const LANES: Readonly<Record<string, readonly string[]>> = {
  obs: ['cven', 'kubelink', 'clas-cache', 'inventory'],
  agent: ['cven', 'clas-cache', 'inventory'],
  evt: ['inventory', 'label-resolver', 'policy-compute', 'gateway'],
  policy: ['label-resolver', 'policy-compute', 'clas-cache', 'cven', 'kubelink'],
  flow: ['cven', 'clas-cache', 'flow-ingest', 'gateway'],
  ack: ['cven', 'clas-cache', 'inventory', 'policy-compute', 'gateway'],
};
/**
 * Read models whose content never reaches an event or a record: they show names and labels, and tell whether a label that a
 * caller names exists. The lane does not turn back through them.
 */
const DISPLAY_ONLY = new Set([
  // Workloads over REST show their labels, mode and profile.
  'inventory<evt.*.entity.*',
  'inventory<evt.*.label.*',
  'inventory<evt.*.profile.*',
  // Flows are shown with the names of labels, clusters, IP lists and policy versions.
  'flow-ingest<evt.*.*.*',
]);
async function manifests(): Promise<ServiceManifest[]> {
  // A service that has moved away may have left what was built of it.
  const names = readdirSync(SERVICES).filter((name) => existsSync(packageOf(name)) && !isWeb(name));
  const modules = await Promise.all(
    names.map(
      (name) => import(join(SERVICES, name, 'dist', 'manifest.js')) as Promise<{ manifest: ServiceManifest }>,
    ),
  );
  return modules.map(({ manifest }) => manifest);
}

const packageOf = (service: string): string => join(SERVICES, service, 'package.json');

/** What runs in a browser has no lane: it speaks to the gateway. */
function isWeb(service: string): boolean {
  const text = readFileSync(packageOf(service), 'utf8');
  const { nx } = JSON.parse(text) as { nx?: { tags?: readonly string[] } };
  return nx?.tags?.includes('layer:web') ?? false;
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
  const contract = STREAMS.find((one) => one.name === stream && [server, 'both'].includes(one.server));
  if (!contract) return [`${name}: there is no stream ${stream} on the ${server} server`];
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
  const cycles = callCycles(all).map((cycle) => `${cycle}: they wait for each other`);
  return [...problems, ...unknown, ...cycles];
}

interface Reading {
  readonly subject: string;
  readonly how: string;
  readonly server: 'control' | 'cluster';
}
const readings = (m: ServiceManifest): Reading[] => [
  ...m.consumes.map(({ filter, mode, server }) => ({ subject: filter, how: mode, server })),
  ...(m.listens ?? []).map(({ subject, server }) => ({ subject, how: 'live', server })),
];

function unreadProblems(all: readonly ServiceManifest[]): string[] {
  const read = all.flatMap(readings);
  return all.flatMap(({ service, emits }) =>
    emits
      .filter((e) => !read.some((r) => r.server === e.server && overlap(r.subject, e.subject)))
      .map((e) => `${service} emits ${e.subject} on the ${e.server} server: nobody reads it`),
  );
}

function listeningProblems(all: readonly ServiceManifest[]): string[] {
  const emitted = all.flatMap(({ emits }) => emits);
  return all.flatMap(({ service, listens = [] }) =>
    listens
      .filter((l) => !emitted.some((e) => e.server === l.server && overlap(e.subject, l.subject)))
      .map((l) => `${service} listens to ${l.subject}: nobody emits it on the ${l.server} server`),
  );
}

/** An exception that no longer excepts anything hides the next real one. */
function exceptionProblems(all: readonly ServiceManifest[]): string[] {
  const real = new Set(all.flatMap((m) => m.consumes.map(({ filter }) => `${m.service}<${filter}`)));
  return [...DISPLAY_ONLY].filter((each) => !real.has(each)).map((each) => `${each}: excepted, but not read`);
}

function print(all: readonly ServiceManifest[]): void {
  const line = (subject: string, to: string): boolean =>
    process.stdout.write(`${subject.padEnd(32)} → ${to}\n`);
  for (const m of all) {
    for (const { subject, how, server } of readings(m)) line(subject, `${m.service} (${how}, ${server})`);
    // What a durable consumer gives up lies there for a person to look at.
    if (m.consumes.some(({ mode }) => mode === 'durable')) line(`dead.${m.service}.>`, 'DEAD_LETTERS');
  }
}

const all = await manifests();
const problems = [
  ...all.flatMap((m) => m.consumes.flatMap((c) => consumptionProblems(m, c, all))),
  ...listeningProblems(all),
  ...callProblems(all),
  ...unreadProblems(all),
  ...exceptionProblems(all),
];
if (process.argv.includes('--print')) print(all);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${all.length} services, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
