/** What every resource handler works with, and how a refusal becomes the failure of a call. */
import { CallError } from '@ringfence/bus';
import type { Actor, ResourceRequest } from '@ringfence/contracts';
import { refusal } from '@ringfence/resources';
import { z } from 'zod';
import type { KnownElsewhere } from '../../domain/draft-rules.js';
import type { PolicyIntent } from '../../domain/policy.decider.js';
import type { PolicyBook } from '../../domain/policy-book.js';
import type { FactLookup } from '../bodies/view.js';
import type { Executed, PolicyBookStore } from '../policy-book.store.js';

export interface ResourceContext {
  readonly book: PolicyBookStore;
  readonly facts: FactLookup;
  readonly now: () => Date;
  /** Workloads whose rules would change if these drafts were in force. */
  readonly workloadsAffected: (before: PolicyBook, after: PolicyBook) => number;
}

export function knownElsewhere(facts: FactLookup): KnownElsewhere {
  return { labelKey: (id) => facts.labels.get(id)?.key, hasWorkload: (id) => facts.entities.has(id) };
}

/** Runs one intent, made from the book it is decided on; a rejection is thrown as the call's failure. */
export async function execute(
  context: ResourceContext,
  actor: Actor,
  intend: (book: PolicyBook) => PolicyIntent | Promise<PolicyIntent>,
): Promise<Executed> {
  const executed = await context.book.execute(actor, async (book) => ({
    intent: await intend(book),
    stamp: { at: context.now().toISOString(), by: actor },
    known: knownElsewhere(context.facts),
  }));
  if (executed.rejected) throw refusal(executed.rejected);
  return executed;
}

export function notFound(what: string): CallError {
  return CallError.of('NOT_FOUND', 'not_found_error', `there is no ${what}`);
}

export function draftOnly(request: ResourceRequest): void {
  if (request.pversion === 'draft') return;
  const message = `only drafts can be changed: use /sec_policy/draft instead of /sec_policy/${request.pversion ?? ''}`;
  throw CallError.of('INVALID_ARGUMENT', 'method_not_allowed_error', message);
}

/** A body of another shape than the API's is the caller's fault: one error per issue, with the field. */
export function asCallError(error: unknown): unknown {
  if (!(error instanceof z.ZodError)) return error;
  const errors = error.issues.map((issue) => ({
    token: 'input_validation_error',
    message: `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`,
  }));
  return new CallError('INVALID_ARGUMENT', errors, { cause: error });
}
