/** The manifests as they go into the cluster: as the user wrote them, each with a role, and with the calls that nobody wrote into them. */
import { readFileSync } from 'node:fs';
import { parseCalls } from './calls-file.js';
import { withCalls } from './calls.js';
import type { CallSummary } from './calls.js';
import { withLastApplied } from './manifests.js';
import type { Manifest } from './manifests.js';
import { withRoles } from './roles.js';

export interface Prepared {
  /** In the order of what was read. */
  readonly manifests: readonly Manifest[];
  readonly roles: readonly string[];
  readonly calls: CallSummary;
}

export function prepared(read: readonly Manifest[], callsFile: string | null): Prepared {
  const given = callsFile === null ? [] : parseCalls(callsFile, readFileSync(callsFile, 'utf8'), read);
  const { manifests, roles } = withRoles(read.map(withLastApplied));
  const called = withCalls(manifests, given);
  return { manifests: called.manifests, roles, calls: called.summary };
}
