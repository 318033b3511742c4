/** What lists are narrowed by, as a query says it: texts, and none of them has to be there. */
import { z } from 'zod';
import { Text } from '../text.js';

const said = (words: string): z.ZodOptional<typeof Text> => Text.optional().describe(words);

export const partOf = said('A part of it, in upper or lower case.');
export const wholeOf = said('All of it; what has none is left out.');
export const flag = said('`true` or `false`.');
export const time = said('A time, such as 2026-01-31T12:00:00Z.');
export const labelLists = said(
  'JSON list of lists of label hrefs: all of an inner list, or all of another one.',
);
export const clusterList = said('JSON list of hrefs of container clusters.');
export const word = (words: readonly string[]) =>
  z
    .enum(words)
    .optional()
    .describe(`One of ${words.join(', ')}.`);
export const external = { external_data_set: wholeOf, external_data_reference: wholeOf } as const;
/** From then, and until then. */
export const span = <N extends string>(name: N) =>
  ({ [`${name}[gte]`]: time, [`${name}[lte]`]: time }) as Record<`${N}[gte]` | `${N}[lte]`, typeof time>;
