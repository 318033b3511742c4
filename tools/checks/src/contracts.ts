/**
 * Contracts are kept for ever: every message type and version has a fixture that must parse, and an entry in
 * `contracts.lock.json` (its JSON Schema). A released entry may gain an optional field; anything else needs a new version
 * beside it, and from then on the older one changes no more.
 * `--update` writes new types (and a first fixture) and new optional fields; it never changes a released entry incompatibly.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  AGENT_REPORTS,
  CALLS,
  EVENTS,
  FlowBatch,
  DecoratedFlowBatch,
  NodeAck,
  NodeViewMessage,
  ClusterAck,
  ClusterAnswer,
  ClusterQuestion,
  ClusterPulse,
  PodReadiness,
  NodeSandboxes,
  NotInForce,
  SupportAnswer,
  SupportQuestion,
} from '@ringfence/contracts';
import {
  CredentialChallenge,
  CredentialRequest,
  CredentialResponse,
  Envelope,
  OBSERVATIONS,
  POLICY_RECORDS,
} from '@ringfence/contracts';
import { breaks, notLocked } from './contract-lock.js';
import type { JsonSchema } from './schema-compatibility.js';
import { sample } from './schema-sample.js';

const HOME = join(import.meta.dirname, '..', '..', '..', 'libs', 'contracts');
const FIXTURES = join(HOME, 'fixtures');
const LOCK = join(HOME, 'contracts.lock.json');
const EDGE = {
  ClusterAck,
  ClusterAnswer,
  ClusterQuestion,
  CredentialChallenge,
  ClusterPulse,
  CredentialRequest,
  CredentialResponse,
  DecoratedFlowBatch,
  Envelope,
  FlowBatch,
  NodeAck,
  NodeViewMessage,
  PodReadiness,
  NodeSandboxes,
  NotInForce,
  SupportAnswer,
  SupportQuestion,
};

function contracts(): Map<string, z.ZodType> {
  const all = new Map<string, z.ZodType>();
  for (const [type, { versions }] of Object.entries(EVENTS))
    for (const [index, { schema }] of versions.entries()) all.set(`event.${type}.v${index + 1}`, schema);
  for (const [kind, schema] of Object.entries(OBSERVATIONS)) all.set(`observation.${kind}.v1`, schema);
  for (const [kind, schema] of Object.entries(AGENT_REPORTS)) all.set(`agent.${kind}.v1`, schema);
  for (const [kind, schema] of Object.entries(POLICY_RECORDS)) all.set(`policy.${kind}.v1`, schema);
  for (const [name, schema] of Object.entries(EDGE)) all.set(`edge.${name}.v1`, schema);
  for (const [name, { request, response }] of Object.entries(CALLS)) {
    all.set(`call.${name}.request.v1`, request);
    all.set(`call.${name}.response.v1`, response);
  }
  return all;
}

/** What nobody writes any more; it is only read, as it was. */
const supersededEvents = new Set(
  Object.entries(EVENTS).flatMap(([type, { versions }]) =>
    versions.slice(1).map((_, index) => `event.${type}.v${index + 1}`),
  ),
);

const update = process.argv.includes('--update');
const lock = existsSync(LOCK) ? (JSON.parse(readFileSync(LOCK, 'utf8')) as Record<string, JsonSchema>) : {};
const problems: string[] = [];
mkdirSync(FIXTURES, { recursive: true });

for (const [name, schema] of contracts()) {
  const current = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const released = lock[name];
  const broken = breaks(released, current, supersededEvents.has(name));
  const missing = broken.length > 0 || update ? [] : notLocked(released, current);
  problems.push(...[...broken, ...missing].map((what) => `${name}: ${what}`));
  if (update && broken.length === 0) lock[name] = current;
  problems.push(...fixtureProblems(name, schema, current));
}
for (const name of Object.keys(lock))
  if (!contracts().has(name)) problems.push(`${name}: released, and gone from the contracts`);

/** The fixture stays as it was released: it is what an old agent sends. */
function fixtureProblems(name: string, schema: z.ZodType, current: JsonSchema): string[] {
  const file = join(FIXTURES, `${name}.json`);
  if (!existsSync(file)) {
    if (!update) return [`${name}: no fixture`];
    writeFileSync(file, `${JSON.stringify(sample(current), null, 2)}\n`);
  }
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success
    ? []
    : [`${name}: its fixture no longer parses: ${z.prettifyError(parsed.error).split('\n')[0]}`];
}

if (update)
  writeFileSync(LOCK, `${JSON.stringify(Object.fromEntries(Object.entries(lock).sort()), null, 1)}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${contracts().size} contracts, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
