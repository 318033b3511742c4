/** Lists: one page of a consistent snapshot, and the token that fetches the next page of the same snapshot. */
import type { Cluster } from './cluster.js';
import type { KubeObject } from './kube-object.js';
import { sortKey } from './object-store.js';
import type { ListMeta } from './representation.js';
import { inVersion } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import type { ObjectFilter } from './selector.js';
import { badRequest, expired, StatusError } from './status-error.js';

export interface ListQuery {
  definition: ResourceDefinition;
  namespace: string | undefined;
  matches: ObjectFilter;
  /** Whether `matches` can refuse anything; only then the number of remaining items is unknown. */
  isFiltered: boolean;
  limit: number;
  continueToken: string | undefined;
  resourceVersion: string | undefined;
  isExact: boolean;
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the ' +
  'continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with ' +
  'the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time ' +
  'the first chunk was returned and now may show up in the list.';

export function listPage(cluster: Cluster, query: ListQuery): { objects: KubeObject[]; metadata: ListMeta } {
  const start = query.continueToken === undefined ? undefined : decodeToken(query.continueToken);
  const revision = start?.revision ?? revisionToRead(cluster, query);
  const snapshot = cluster.objects(query.definition).snapshotAt(revision, query.namespace);
  if (snapshot === undefined) {
    if (start === undefined) throw expired(`The resourceVersion for the provided list is too old.`);
    throw expired(tooOld, encodeToken(cluster.store.revision, start.after));
  }
  const from = start === undefined ? 0 : firstAfter(snapshot, start.after);
  const { objects, next } = pageOf(snapshot, from, query);
  const last = objects.at(-1);
  const metadata: ListMeta = { resourceVersion: String(revision) };
  if (next < snapshot.length && last !== undefined) {
    metadata.continue = encodeToken(revision, sortKey(last));
    if (!query.isFiltered) metadata.remainingItemCount = snapshot.length - next;
  }
  return { objects: objects.map((object) => inVersion(query.definition, object)), metadata };
}

function pageOf(
  snapshot: readonly KubeObject[],
  from: number,
  query: ListQuery,
): { objects: KubeObject[]; next: number } {
  const objects: KubeObject[] = [];
  let next = from;
  for (; next < snapshot.length; next += 1) {
    const object = snapshot[next] as KubeObject;
    if (!query.matches(object)) continue;
    if (query.limit > 0 && objects.length === query.limit) break;
    objects.push(object);
  }
  return { objects, next };
}

function revisionToRead(cluster: Cluster, query: ListQuery): number {
  const asked = parseRevision(query.resourceVersion);
  const current = cluster.store.revision;
  if (asked > current) throw tooLarge(asked, current);
  return query.isExact && asked > 0 ? asked : current;
}

function tooLarge(asked: number, current: number): StatusError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new StatusError(504, 'Timeout', message, { causes, retryAfterSeconds: 1 });
}

/** Zero means "any version". A stock server answers a version that is no number with 500, and so does this one. */
export function parseRevision(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/.test(text))
    throw new StatusError(
      500,
      'InternalError',
      `Internal error occurred: invalid resource version: "${text}"`,
    );
  return Number(text);
}

function firstAfter(snapshot: readonly KubeObject[], key: string): number {
  let low = 0;
  let high = snapshot.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sortKey(snapshot[middle] as KubeObject) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function encodeToken(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ revision, after })).toString('base64url');
}

function decodeToken(token: string): { revision: number; after: string } {
  try {
    const { revision, after } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      revision: unknown;
      after: unknown;
    };
    if (typeof revision === 'number' && typeof after === 'string') return { revision, after };
  } catch {
    // Falls through to the one answer for every token that is not ours.
  }
  throw badRequest('continue key is not valid');
}
