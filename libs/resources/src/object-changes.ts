/**
 * What a call did to an object, for the audit trail: the object as GET shows it before and after, field by field. Changes of one object go
 * one after the other here, so that nobody is told to have done what another did, and who names what he has read (If-Match) changes nothing else.
 */
import { CallError } from '@ringfence/bus';
import type { ObjectChange } from '@ringfence/contracts';
import { oneAtATimePer, Overtaken, unlessOvertaken } from '@ringfence/event-store';
import type { EventStore, OvertakenBy } from '@ringfence/event-store';
import { isDeepStrictEqual } from 'node:util';
import { changedSince, refuseIfChanged } from './etag.js';
import type { Operation } from './resource.js';

/** What follows from a change, and what tells nothing of it. */
const BESIDE = new Set([
  ...['href', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at', 'deleted_by'],
  ...['deleted', 'update_type', 'caps'],
]);
/** What the changes of a bulk call may be together, in characters: an answer has its room on the bus. */
const MOST_OF_BULK = 200_000;
/** By which people know an object. */
const NAMES = ['href', 'name', 'hostname', 'username', 'auth_username', 'key', 'value', 'display_name'];
const SECRET = /secret|password|passphrase|private_key|activation_code|token/i;
const LONGEST_VALUE = 4_000;
const SHOWN_OF_LONGER = 1_000;

type Shown = Readonly<Record<string, unknown>>;

/** An object that was not there before, or is not any more, is null. */
export function changeBetween(before: unknown, after: unknown): ObjectChange {
  const [was, is] = [shownOf(before), shownOf(after)];
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (field) => !BESIDE.has(field) && !isDeepStrictEqual(was[field] ?? null, is[field] ?? null),
  );
  return {
    resource: nameOf(before === null ? is : was),
    changes: Object.fromEntries(
      fields.map((field) => [
        field,
        { before: valueOf(field, was[field]), after: valueOf(field, is[field]) },
      ]),
    ),
  };
}

/** Of many at once: where there is no more room, only which objects they were. */
export function changesWithin(changes: readonly ObjectChange[], room = MOST_OF_BULK): ObjectChange[] {
  let used = 0;
  return changes.map((change) => {
    used += JSON.stringify(change).length;
    return used <= room ? change : { resource: change.resource, changes: {} };
  });
}

export const nameOf = (shown: Shown): Shown =>
  Object.fromEntries(NAMES.flatMap((name) => (typeof shown[name] === 'string' ? [[name, shown[name]]] : [])));

function valueOf(field: string, value: unknown): unknown {
  if (SECRET.test(field)) return '(not shown)';
  const text = JSON.stringify(value ?? null, (key, inner: unknown) =>
    SECRET.test(key) ? '(not shown)' : inner,
  );
  return text.length <= LONGEST_VALUE
    ? (JSON.parse(text) as unknown)
    : `${text.slice(0, SHOWN_OF_LONGER)}… (${text.length} characters)`;
}

const shownOf = (shown: unknown): Shown =>
  typeof shown === 'object' && shown !== null && !Array.isArray(shown) ? (shown as Shown) : {};

export interface Observing<T> {
  /** Answers the object as it is shown at the moment; null: there is none, which the change itself refuses. */
  readonly look: () => Promise<unknown>;
  readonly change: () => Promise<T>;
  readonly op: 'update' | 'delete';
  /** What the caller has read, if he says so: of what is another since then nothing is changed. */
  readonly ifMatch?: string | undefined;
  /** Where what it writes is decided on what was looked at: whoever slips in between is seen, too. */
  readonly guard?: Guard | undefined;
}
interface Guard {
  readonly store: Pick<EventStore, 'lastPosition'>;
  readonly by: OvertakenBy;
}

interface Observed<T> {
  readonly answer: T;
  readonly change: ObjectChange;
}

export async function observed<T>({ guard, ...observing }: Observing<T>): Promise<Observed<T>> {
  if (guard === undefined || observing.ifMatch === undefined) return changedOnce(observing);
  try {
    return await unlessOvertaken(guard.store, () => changedOnce(observing), guard.by);
  } catch (error) {
    throw error instanceof Overtaken ? changedSince() : error;
  }
}

async function changedOnce<T>({
  look,
  change,
  op,
  ifMatch,
}: Omit<Observing<T>, 'guard'>): Promise<Observed<T>> {
  const before = await look();
  if (before !== null) refuseIfChanged(ifMatch, () => before);
  const answer = await change();
  return { answer, change: changeBetween(before, op === 'delete' ? null : await look()) };
}

/** An owner's answers, each change of one object with what it did. `store`: of its events. */
export function tellingChanges(answer: Operation, store?: Pick<EventStore, 'lastPosition'>): Operation {
  const guard = store && ({ store, by: 'same-streams' } as const);
  const perObject = oneAtATimePer();
  return async (request) => {
    const { op, collection, ids } = request;
    if (op !== 'update' && op !== 'delete') return answer(request);
    // What is recorded is all of it, whatever part of it all the caller may change.
    const { within: _, ...whole } = request;
    const look = async (): Promise<unknown> => {
      try {
        return (await answer({ ...whole, op: 'get', query: {}, body: null })).body;
      } catch (error) {
        // What is not there is refused by the change itself.
        if (error instanceof CallError) return null;
        throw error;
      }
    };
    return perObject([collection, ...ids].join('/'), async () => {
      const { ifMatch } = request;
      const observing = { look, change: () => answer(request), op, ifMatch, guard } as const;
      const { answer: response, change } = await observed(observing);
      return { ...response, change };
    });
  };
}
