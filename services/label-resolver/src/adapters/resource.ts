/**
 * REST manners of the collections that label-resolver owns: hrefs, filters, limits, refusals. The bodies' schemas are in
 * contracts; HTTP status and headers are the gateway's.
 */
import { CallError } from '@ringfence/bus';
import type { Actor, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import type { z } from 'zod';
import type { Document } from '../read/document.projection.js';

export type Operation = (request: ResourceRequest) => Promise<ResourceResponse>;
/** `list`, `get`, … of one collection. */
export type Operations = Readonly<Record<string, Operation>>;

export function resourceAnswerer(collections: Readonly<Record<string, Operations>>): Operation {
  return async (request) => {
    const operation = collections[request.collection]?.[request.op];
    if (operation === undefined)
      throw CallError.of('NOT_FOUND', 'invalid_uri', `there is no ${request.collection} ${request.op}`);
    return operation(request);
  };
}

export const orgHref = (path: string): string => `/orgs/1/${path}`;
export const notFound = (what: string): CallError =>
  CallError.of('NOT_FOUND', 'not_found_error', `there is no such ${what}`);
export const invalid = (message: string): CallError =>
  CallError.of('INVALID_ARGUMENT', 'input_validation_error', message);

/** A decider's "no" as callers know it: `label-in-use` is the token `label_in_use`. */
export function refusal({ reason, message, code }: Rejection): CallError {
  return CallError.of(code ?? 'FAILED_PRECONDITION', reason.replaceAll('-', '_'), message);
}

export function parsed<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    token: 'input_validation_error',
    message: `${issue.path.join('.') || 'body'}: ${issue.message}`,
  }));
  throw new CallError('INVALID_ARGUMENT', errors);
}

/** The id at the end of an href of this collection (`workloads`, `labels`); clients' draft/active segments do not occur here. */
export function idOfHref(href: string, collection: string): string {
  const segments = href.split('/');
  const id = segments.at(-1);
  if (segments.at(-2) !== collection || id === undefined || id === '')
    throw invalid(`href: "${href}" is not one of ${collection}`);
  return id;
}

export function actorHref(actor: Actor): string {
  if (actor.kind === 'user') return `/users/${actor.id}`;
  if (actor.kind === 'container_cluster') return orgHref(`container_clusters/${actor.id}`);
  return '/users/0';
}

export function metaOf(document: Document<unknown>): Record<string, unknown> {
  return {
    created_at: document.createdAt.toISOString(),
    created_by: { href: actorHref(document.createdBy) },
    updated_at: document.updatedAt.toISOString(),
    updated_by: { href: actorHref(document.updatedBy) },
    ...(document.deletedAt !== null && { deleted_at: document.deletedAt.toISOString() }),
    ...(document.deletedBy !== null && { deleted_by: { href: actorHref(document.deletedBy) } }),
  };
}

/** How one query parameter narrows a collection. Parameters that a collection does not know are ignored. */
export type Filter<T> = (item: T, wanted: string) => boolean;
export type Filters<T> = Readonly<Record<string, Filter<T>>>;

export const partial =
  <T>(field: (item: T) => string | null | undefined): Filter<T> =>
  (item, wanted) =>
    field(item)?.toLowerCase().includes(wanted.toLowerCase()) ?? false;
/** Leaves out what has no value at all: clients clean up by these filters. */
export const exact =
  <T>(field: (item: T) => string | null | undefined): Filter<T> =>
  (item, wanted) =>
    field(item) === wanted;
/** Python clients write `True`. */
export const isTrue = (wanted: string): boolean => wanted.toLowerCase() === 'true';
export const flag =
  <T>(field: (item: T) => boolean): Filter<T> =>
  (item, wanted) =>
    field(item) === isTrue(wanted);
/** JSON list of lists of label hrefs: AND inside, OR between. */
export const byLabels =
  <T>(labels: (item: T) => readonly string[]): Filter<T> =>
  (item, wanted) => {
    const lists = jsonList(wanted, 'labels');
    const carried = new Set(labels(item));
    return (
      lists.length === 0 ||
      lists.some(
        (list) =>
          Array.isArray(list) && list.every((href) => carried.has(String(href).split('/').at(-1) ?? '')),
      )
    );
  };
export const byHrefs =
  <T>(id: (item: T) => string | null, name: string): Filter<T> =>
  (item, wanted) =>
    jsonList(wanted, name).some((href) => String(href).split('/').at(-1) === id(item));

function jsonList(text: string, name: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {
    // Not JSON: refused below, like JSON of another shape.
  }
  throw invalid(`${name}: must be a JSON list`);
}

const DEFAULT_LIMIT = 500;

export function page<T>(
  items: readonly T[],
  query: ResourceRequest['query'],
  filters: Filters<T>,
): { matched: T[]; shown: T[] } {
  const active = Object.entries(filters).flatMap(([name, filter]) => {
    const wanted = query[name];
    return wanted === undefined ? [] : [(item: T) => filter(item, wanted)];
  });
  const matched = items.filter((item) => active.every((test) => test(item)));
  return { matched, shown: matched.slice(0, limitOf(query['max_results'])) };
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^[0-9]{1,9}$/.test(text)) throw invalid('max_results: must be a number');
  return Number(text);
}
