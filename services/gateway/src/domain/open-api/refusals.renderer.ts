/** How a route may refuse: by status, with the tokens that come with it and when. */
import { ERRORS } from '@ringfence/contracts';
import type { ErrorToken } from '@ringfence/contracts';
import { bodySchema } from '../request-body.js';
import { statusOf } from '../refusal.js';
import type { Route } from '../route.js';
import type { Json } from './json.js';

const TITLES = {
  400: 'What came cannot be read',
  401: 'Nobody is known by these credentials',
  403: 'Not permitted',
  404: 'There is no such thing',
  405: 'Not with this method',
  406: 'What is asked for is wrong, or cannot be now',
  413: 'More than this server takes',
  429: 'Too much at once; try again when `Retry-After` says',
  500: 'A fault of ours',
  503: 'A part is away, or too slow; try again',
} as const;
type Status = keyof typeof TITLES;
const STATUSES = Object.keys(TITLES).map(Number) as Status[];

const tokensOf = (status: Status): ErrorToken[] =>
  (Object.keys(ERRORS) as ErrorToken[]).filter((token) => statusOf(token) === status);

export const refusalResponses = (): Json =>
  Object.fromEntries(STATUSES.map((status) => [`Refused${status}`, refusalResponse(status)]));

/** `Refusals`: as clients that do not tell statuses apart read them. */
export function refusalSchemas(): Json {
  const token = { enum: Object.keys(ERRORS), description: 'Never changes its meaning.' };
  const message = { type: 'string', description: 'For people; names the field at fault.' };
  const properties = { token: { type: 'string', ...token }, message };
  return {
    Refusal: { type: 'object', required: ['token', 'message'], properties },
    Refusals: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/Refusal' } },
  };
}

function refusalResponse(status: Status): Json {
  const tokens = tokensOf(status);
  const lines = tokens.map((token) => `* \`${token}\`: ${ERRORS[token].when}`);
  const examples = tokens.map((token) => [token, { value: [{ token, message: ERRORS[token].when }] }]);
  const schema = { $ref: '#/components/schemas/Refusals' };
  return {
    description: `${TITLES[status]}.\n\n${lines.join('\n')}`,
    content: { 'application/json': { schema, examples: Object.fromEntries(examples) as Json } },
  };
}

export function refusalsOf(route: Route): Json {
  const hasBody = bodySchema(route) !== undefined;
  const changesDraft = route.path.includes('{pversion}') && route.method !== 'GET' && !route.anyVersion;
  const statuses: readonly [Status, boolean][] = [
    [400, hasBody],
    [401, route.needs !== 'nothing'],
    [403, route.needs !== 'nothing'],
    [404, route.path.includes('{')],
    [405, changesDraft],
    [406, hasBody || route.many || route.method === 'DELETE'],
    [413, hasBody],
    [429, route.needs !== 'nothing'],
    [500, true],
    [503, route.needs !== 'nothing'],
  ];
  const refused = statuses.filter(([, may]) => may).map(([status]) => status);
  return Object.fromEntries(
    refused.map((status) => [status, { $ref: `#/components/responses/Refused${status}` }]),
  );
}
