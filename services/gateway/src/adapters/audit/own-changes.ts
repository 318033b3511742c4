/**
 * The gateway's own answers, each change of one object with what it did: for the audit trail, as owners tell it (`tellingChanges`). Several gateways
 * write: what is kept in events is decided anew when another was faster, settings are changed by one after the other.
 */
import { oneAtATimePer } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { observed } from '@ringfence/resources';
import { Refusal } from '../../domain/refusal.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Answer } from '../answers/answer.js';
import { called, ifMatchOf } from '../answers/owner-answers.js';

export type Answers = Readonly<Record<string, Answer>>;
type ChangingStore = Pick<EventStore, 'lastPosition' | 'transaction'>;
type OneByOne = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Kept in rows of their own, not in events. */
const SETTINGS = /^(authentication_)?settings/;

export function showingChanges(own: Answers, store: ChangingStore): Answers {
  const here = oneAtATimePer();
  // One connection for each collection of settings at most: who waits here holds none.
  const everywhere: OneByOne = (key, work) => here(key, () => locked(store, key, work));
  return Object.fromEntries(
    Object.entries(own).map(([words, answer]) => {
      const [collection = '', op] = words.split(' ');
      const get = own[`${collection} get`];
      if (get === undefined || (op !== 'update' && op !== 'delete')) return [words, answer];
      const change = told(store, { answer, get, op });
      const inTurn: Answer = SETTINGS.test(collection)
        ? (request) => everywhere(collection, () => change(request))
        : (request) => here([collection, ...request.match.ids].join('/'), () => change(request));
      return [words, inTurn];
    }),
  );
}

interface Told {
  readonly answer: Answer;
  readonly get: Answer;
  readonly op: 'update' | 'delete';
}

const told =
  (store: ChangingStore, { answer, get, op }: Told): Answer =>
  async (request) => {
    const guard = { store, by: 'anything' } as const;
    const { answer: reply, change } = await called(request.id, () =>
      observed({
        ...{ look: () => shown(get, request), change: () => answer(request), op, guard },
        ...ifMatchOf(request),
      }),
    );
    return { ...reply, change };
  };

const shown = (get: Answer, request: RestRequest): Promise<unknown> =>
  get({ ...request, query: {}, body: undefined }).then(
    ({ body }) => body,
    (error: unknown) => {
      // What is not there is refused by the change itself.
      if (error instanceof Refusal) return null;
      throw error;
    },
  );

const locked = <T>({ transaction }: ChangingStore, key: string, work: () => Promise<T>): Promise<T> =>
  transaction(async (tx) => {
    // SQL: a lock of the database, by name.
    await tx.query('select pg_advisory_xact_lock(1, hashtext($1))', [key]);
    return work();
  });
