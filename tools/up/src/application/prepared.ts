/** The manifests as they go into the cluster: as the user wrote them, each with a role, and with the calls that nobody wrote into them. */
import { readFileSync } from 'node:fs';
import { parseCalls } from './calls-file.js';
import { withCalls } from './calls.js';
import type { CallSummary } from './calls.js';
import { madeAtRunTime } from './made-at-run-time.js';
import type { MadeObject } from './made-at-run-time.js';
import { withLastApplied, withoutServersOwn } from './manifests.js';
import type { LocatedManifest } from './manifests.js';
import { withRoles } from './roles.js';

export interface Prepared {
  /** What was read, in its order. */
  readonly objects: readonly LocatedManifest[];
  /** What the application would make itself. */
  readonly made: readonly MadeObject[];
  readonly roles: readonly string[];
  readonly calls: CallSummary;
}

export function prepared(read: readonly LocatedManifest[], callsFile: string | null): Prepared {
  const written = read.map(({ manifest }) => manifest);
  const given = callsFile === null ? [] : parseCalls(callsFile, readFileSync(callsFile, 'utf8'), written);
  const made = madeAtRunTime(read);
  const { manifests, roles } = withRoles(written.map(withLastApplied).map(withoutServersOwn));
  const called = withCalls(
    manifests,
    given,
    made.map(({ manifest }) => manifest),
  );
  const objects = called.manifests.map((manifest, index) => ({ manifest, place: read[index]!.place }));
  return { objects, made, roles, calls: called.summary };
}
