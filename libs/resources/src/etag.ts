/** Changes that name what they have read: the second of two writers is told, instead of undoing what the first did. */
import { createHash } from 'node:crypto';
import { CallError } from '@ringfence/bus';

/** Of an answer's body as it is sent. */
export const etagOf = (text: string): string =>
  `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;

/** `ifMatch`: what the caller has read, if he says so; `now`: the object as it would be shown. */
export function refuseIfChanged(ifMatch: string | undefined, now: () => unknown): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const known = ifMatch.split(',').map((etag) => etag.trim());
  if (known.includes(etagOf(JSON.stringify(now())))) return;
  throw CallError.of(
    'FAILED_PRECONDITION',
    'precondition_failed',
    'somebody has changed it since it was read (If-Match); read it again',
  );
}
