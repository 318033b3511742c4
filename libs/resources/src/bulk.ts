/**
 * Bulk calls (`bulk_create`, …): a list of items, each answered in its place. One that is refused does not refuse the
 * others; what the others change is written together.
 */
import { CallError } from '@ringfence/bus';
import { BulkBody } from '@ringfence/contracts';
import type { ResourceResponse } from '@ringfence/contracts';
import type { z } from 'zod';
import { parsed } from './resource.js';
import type { Operation, Operations } from './resource.js';

type BulkItem = z.output<typeof BulkBody>[number];
/** What became of one item, or why it is refused. */
export type Outcome<T> = T | CallError;

/** `whole`: how many there may be. */
export const bulkItems = <S extends z.ZodType>(
  schema: S,
  body: unknown,
  whole: typeof BulkBody = BulkBody,
): Outcome<z.output<S>>[] => parsed(whole, body).map((item) => attempt(() => parsed(schema, item)));

/** The next step of every item that is not refused yet. */
export const eachAccepted = <T, R>(outcomes: readonly Outcome<T>[], step: (item: T) => R): Outcome<R>[] =>
  outcomes.map((outcome) => (outcome instanceof CallError ? outcome : attempt(() => step(outcome))));

export const accepted = <T>(outcomes: readonly Outcome<T>[]): T[] =>
  outcomes.flatMap((outcome) => (outcome instanceof CallError ? [] : [outcome]));

/** Of an item that was alone: as a call for it alone is answered. */
export function only<T>([outcome]: readonly Outcome<T>[]): T {
  if (outcome === undefined) throw new Error('there is no outcome');
  if (outcome instanceof CallError) throw outcome;
  return outcome;
}

/** What is no refusal concerns the whole call. */
function attempt<T>(step: () => T): Outcome<T> {
  try {
    return step();
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
}

/** Of `bulk_create` and `bulk_update`: every item of a body that `bulkItems` has read. */
export function bulkAnswer<T>(
  body: unknown,
  outcomes: readonly Outcome<T>[],
  show: (outcome: T, item: BulkItem) => object,
): ResourceResponse {
  const shown = (body as readonly BulkItem[]).map((item, index) => {
    const outcome = outcomes[index] as Outcome<T>;
    if (!(outcome instanceof CallError)) return show(outcome, item);
    return { ...hrefOf(item), status: 'validation_failure', ...outcome.errors[0] };
  });
  return { body: shown };
}

/** Of `bulk_delete`: those alone that are still there. */
export function bulkRefusals(body: unknown, outcomes: readonly Outcome<unknown>[]): ResourceResponse {
  const refused = (body as readonly BulkItem[]).flatMap((item, index) => {
    const outcome = outcomes[index];
    return outcome instanceof CallError ? [{ ...hrefOf(item), errors: outcome.errors }] : [];
  });
  return { body: refused };
}

/** Bulk operations of one collection: while one is under way, the next one is not queued but told to come again. */
export function oneBulkAtATime(operations: Operations): Operations {
  let isUnderWay = false;
  const alone =
    (operation: Operation): Operation =>
    async (request) => {
      if (isUnderWay)
        throw CallError.of(
          'RESOURCE_EXHAUSTED',
          'too_many_requests_error',
          `another bulk operation on ${request.collection} is under way; try again when it has been answered`,
        );
      isUnderWay = true;
      try {
        return await operation(request);
      } finally {
        isUnderWay = false;
      }
    };
  return Object.fromEntries(Object.entries(operations).map(([op, operation]) => [op, alone(operation)]));
}

/** As it was sent, if it is one at all. */
const hrefOf = (item: object): object =>
  'href' in item && typeof item.href === 'string' ? { href: item.href } : {};
