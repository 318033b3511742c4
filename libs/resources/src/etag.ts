/** Changes that name what they have read: the second of two writers is told, instead of undoing what the first did. */
import { createHash } from 'node:crypto';
import { CallError } from '@ringfence/bus';

/** What agents and logins report of an object by the minute: somebody else's change is none of these. */
const REPORTED = new Set([
  ...['agent', 'ven', 'services', 'ringfence_enforcement', 'online', 'conditions', 'nodes', 'errors'],
  ...['ringfence_status', 'ringfence_status_message', 'ringfence_lacks'],
  ...['last_heartbeat_at', 'last_goodbye_at', 'last_connected', 'last_login_on', 'last_login_ip_address'],
  ...['total_use_count', 'last_pairing_at'],
]);

/** Of an answer's body; `text`: as it is sent, if that is at hand. */
export function etagOf(body: unknown, text?: string): string {
  const written = writtenOf(body);
  const said = written === body && text !== undefined ? text : JSON.stringify(written);
  return `W/"${createHash('sha256').update(said).digest('base64url').slice(0, 27)}"`;
}

function writtenOf(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const fields = Object.entries(body);
  const written = fields.filter(([name]) => !REPORTED.has(name));
  return written.length === fields.length ? body : Object.fromEntries(written);
}

/** `ifMatch`: what the caller has read, if he says so; `now`: the object as it would be shown. */
export function refuseIfChanged(ifMatch: string | undefined, now: () => unknown): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const known = ifMatch.split(',').map((etag) => etag.trim());
  if (known.includes(etagOf(now()))) return;
  throw changedSince();
}

export const changedSince = (): CallError =>
  CallError.of(
    'FAILED_PRECONDITION',
    'precondition_failed',
    'somebody has changed it since it was read (If-Match); read it again',
  );
