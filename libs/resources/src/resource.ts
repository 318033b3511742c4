/**
 * REST manners that every owner of collections shares: operations, hrefs, refusals, who and when. The bodies' schemas are
 * in contracts; HTTP status and headers are the gateway's.
 */
import { CallError } from '@ringfence/bus';
import { actorHref, bodyErrors } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import type { Document } from '@ringfence/event-store';
import type { z } from 'zod';
import { refuseUnjudged, withoutOthersCaps } from './scopes.js';

export type Operation = (request: ResourceRequest) => Promise<ResourceResponse>;
/** `list`, `get`, … of one collection. */
export type Operations = Readonly<Record<string, Operation>>;

export function resourceAnswerer(
  collections: Readonly<Record<string, Operations>>,
  /** Whether it is told what lies within a scope. */
  isJudged: (request: ResourceRequest) => boolean = () => false,
): Operation {
  return async (request) => {
    refuseUnjudged(request, isJudged);
    const operation = collections[request.collection]?.[request.op];
    if (operation === undefined)
      throw CallError.of('NOT_FOUND', 'invalid_uri', `there is no ${request.collection} ${request.op}`);
    return withoutOthersCaps(request, await operation(request));
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

/** What a call brought, as its schema says. The gateway has looked at bodies before, and is not believed. */
export function parsed<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  throw new CallError('INVALID_ARGUMENT', bodyErrors(result.error));
}

/** The id at the end of an href of this collection (`workloads`, `labels`); clients' draft/active segments do not occur here. */
export function idOfHref(href: string, collection: string): string {
  const segments = href.split('/');
  const id = segments.at(-1);
  // What another organisation calls the same is not ours.
  if (!href.startsWith(orgHref('')) || segments.at(-2) !== collection || id === undefined || id === '')
    throw invalid(`href: "${href}" is not one of ${collection}`);
  return id;
}

export function metaOf(document: Document<unknown>): Record<string, unknown> {
  return {
    created_at: document.createdAt.toISOString(),
    created_by: { href: actorHref(document.createdBy) },
    updated_at: document.updatedAt.toISOString(),
    updated_by: { href: actorHref(document.updatedBy) },
    deleted_at: document.deletedAt?.toISOString() ?? null,
    deleted_by: document.deletedBy && { href: actorHref(document.deletedBy) },
  };
}
