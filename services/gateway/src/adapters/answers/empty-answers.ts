/** Collections of features that are not here, for clients that read all there is. */
import { EMPTY_COLLECTIONS } from '@ringfence/contracts';
import { refuse } from '../../domain/refusal.js';
import type { Answer } from './answer.js';
import { collectionReply } from './owner-answers.js';

export const EMPTY_ANSWERS: Readonly<Record<string, Answer>> = Object.fromEntries(
  EMPTY_COLLECTIONS.flatMap((collection): [string, Answer][] => [
    [`${collection} list`, async () => collectionReply({ body: [] }, 0)],
    [
      `${collection} get`,
      async () => {
        throw refuse('not_found_error', 'there is none: this server has no such thing');
      },
    ],
  ]),
);
