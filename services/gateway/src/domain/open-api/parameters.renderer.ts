/** What a route takes beside its body: the ids of its path, what narrows it, and how a list is asked for. */
import { API } from '@ringfence/contracts';
import { z } from 'zod';
import type { Route } from '../route.js';
import { idForm } from '../id-forms.js';
import type { Json } from './json.js';
import { nounOf } from './words.js';

/** Referred to by name, because almost every route has them. */
export const SHARED_PARAMETERS: Readonly<Record<string, Json>> = {
  org: {
    ...{ name: 'org', in: 'path', required: true, description: 'The organisation; there is one.' },
    ...{ schema: { type: 'integer', enum: [1] }, example: 1 },
  },
  pversion: {
    ...{ name: 'pversion', in: 'path', required: true },
    description:
      '`draft`, `active` (what is in force), or the number of a policy version. Only a draft is changed.',
    ...{ schema: { type: 'string', pattern: idForm('sec_policy').source }, example: 'draft' },
  },
  max_results: {
    ...{ name: 'max_results', in: 'query' },
    description: 'The most objects to answer; 0 asks for their number alone.',
    schema: { type: 'integer', minimum: 0, maximum: 200_000, default: 500 },
  },
  Prefer: {
    ...{ name: 'Prefer', in: 'header' },
    description: 'Asks for a job that collects everything, instead of an answer now.',
    schema: { type: 'string', enum: ['respond-async'] },
  },
};

export function parametersOf(route: Route): Json[] {
  const paging = route.many ? [shared('max_results'), shared('Prefer')] : [];
  return [...pathParameters(route), ...queryParameters(route), ...paging];
}

const shared = (name: string): Json => ({ $ref: `#/components/parameters/${name}` });

/** The text of a path, with the word before each id: it says what the id is of. */
function pathParameters({ path, collection }: Route): Json[] {
  return [...path.matchAll(/([^/]+)\/\{(\w+)\}/g)].map(([, word = '', name = '']) => {
    if (name in SHARED_PARAMETERS) return shared(name);
    const noun = collection.endsWith(word) ? nounOf(collection) : nounOf(word);
    const schema = { type: 'string', pattern: idForm(word).source };
    const description = `The last part of the ${noun}'s href.`;
    return { name, in: 'path', required: true, description, schema };
  });
}

function queryParameters({ collection, op }: Route): Json[] {
  const contract = API[collection];
  const taken = op === 'list' ? contract?.query : contract?.parameters?.[op];
  return Object.entries(taken ?? {}).map(([name, schema]) => {
    const { $schema: _, description, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    const required = !schema.safeParse(undefined).success;
    return { name, in: 'query', ...(required && { required }), description, schema: rest };
  });
}
