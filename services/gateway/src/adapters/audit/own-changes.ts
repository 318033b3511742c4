/** The gateway's own answers, each change of one object with what it did: for the audit trail, as owners tell it (`tellingChanges`). */
import { observed } from '@ringfence/resources';
import { Refusal } from '../../domain/refusal.js';
import type { Answer } from '../answers/answer.js';
import { called, ifMatchOf } from '../answers/owner-answers.js';

export type Answers = Readonly<Record<string, Answer>>;

export function showingChanges(own: Answers): Answers {
  return Object.fromEntries(
    Object.entries(own).map(([words, answer]) => {
      const [collection = '', op] = words.split(' ');
      const get = own[`${collection} get`];
      const changes = get !== undefined && (op === 'update' || op === 'delete');
      return [words, changes ? told(answer, get, op) : answer];
    }),
  );
}

const told =
  (answer: Answer, get: Answer, op: 'update' | 'delete'): Answer =>
  async (request) => {
    const look = (): Promise<unknown> =>
      get({ ...request, query: {}, body: undefined }).then(
        ({ body }) => body,
        (error: unknown) => {
          // What is not there is refused by the change itself.
          if (error instanceof Refusal) return null;
          throw error;
        },
      );
    const ifMatch = ifMatchOf(request);
    const { answer: reply, change } = await called(request.id, () =>
      observed({ look, change: () => answer(request), op, ...ifMatch }),
    );
    return { ...reply, change };
  };
