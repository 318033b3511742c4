/** What every resource handler works with, and how a refusal becomes the failure of a call. */
import { CallError } from '@ringfence/bus';
import type { CALLS, EndsSeen, FlowKinds, FlowKindsRequest, ResourceRequest } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { invalid, refusal } from '@ringfence/resources';
import type { KnownElsewhere } from '../../domain/draft-rules.js';
import type { PolicyCommand, PolicyIntent } from '../../domain/policy.decider.js';
import type { PolicyBook } from '../../domain/policy-book.js';
import type { Stamp } from '../../domain/policy-object.js';
import type { PolicyPreview } from '../../domain/policy-preview.js';
import type { z } from 'zod';
import { InvalidBody } from '../../objects/invalid.js';
import type { FactLookup } from '../../objects/view.js';
import type { Executed, PolicyBookStore } from '../policy-book.store.js';

export interface ResourceContext {
  readonly book: PolicyBookStore;
  readonly facts: FactLookup;
  readonly now: () => Date;
  /** Workloads whose rules would change if these drafts were in force. */
  readonly workloadsAffected: (before: PolicyBook, after: PolicyBook) => number;
  /** Policy as it would be with other objects. */
  readonly preview: () => PolicyPreview;
  /** All that is stored of what was seen. */
  readonly flows: {
    ends(request: z.output<(typeof CALLS)['endsSeen']['request']>): Promise<EndsSeen>;
    kinds(request: FlowKindsRequest): Promise<FlowKinds>;
  };
}

export function knownElsewhere(facts: FactLookup): KnownElsewhere {
  return { labelKey: (id) => facts.labels.get(id)?.key, hasWorkload: (id) => facts.entities.has(id) };
}

/** Who asks, and for what part of it all. */
type Asking = Pick<ResourceRequest, 'actor' | 'within'>;

export const stampOf = ({ now }: ResourceContext, { actor }: Pick<Asking, 'actor'>): Stamp => ({
  at: now().toISOString(),
  by: actor,
});

/** Runs one intent, made from the book it is decided on; a rejection is thrown as the call's failure. */
export async function execute(
  context: ResourceContext,
  asking: Asking,
  intend: (book: PolicyBook) => PolicyIntent | Promise<PolicyIntent>,
): Promise<Executed> {
  const { actor, within } = asking;
  const executed = await context.book.execute(actor, async (book) => ({
    intent: await intend(book),
    stamp: stampOf(context, asking),
    known: knownElsewhere(context.facts),
    ...(within && { within }),
  }));
  if (executed.rejected) throw refusal(executed.rejected);
  return executed;
}

interface ExecutedEach {
  /** Of each, in its place; null: it was done. */
  readonly refusals: readonly (CallError | null)[];
  /** As they leave it. */
  readonly book: PolicyBook;
}

/** One after the other, written together. */
export async function executeEach(
  context: ResourceContext,
  { actor, within }: Asking,
  intends: readonly ((book: PolicyBook) => PolicyIntent)[],
): Promise<ExecutedEach> {
  const stamp = stampOf(context, { actor });
  const known = knownElsewhere(context.facts);
  const refused = new Map<number, CallError>();
  const makes = intends.map((intend, index) => (book: PolicyBook): PolicyCommand | Rejection => {
    try {
      return { intent: intend(book), stamp, known, ...(within && { within }) };
    } catch (error) {
      const failure = asCallError(error);
      if (!(failure instanceof CallError)) throw error;
      refused.set(index, failure);
      return reject('refused', failure.message);
    }
  });
  const { rejections, book } = await context.book.executeEach(actor, makes);
  const refusals = rejections.map((rejection, i) => refused.get(i) ?? (rejection && refusal(rejection)));
  return { refusals, book };
}

export function draftOnly(request: ResourceRequest): void {
  if (request.pversion === 'draft') return;
  const message = `only drafts can be changed: use /sec_policy/draft instead of /sec_policy/${request.pversion ?? ''}`;
  throw CallError.of('INVALID_ARGUMENT', 'method_not_allowed_error', message);
}

/** What is thrown while a body is read, as the failure of the call. */
export const asCallError = (error: unknown): unknown =>
  error instanceof InvalidBody ? invalid(error.message) : error;
