/** One route as an operation: what it takes, what it answers, and how it refuses. */
import { bodySchema } from '../request-body.js';
import type { Route } from '../route.js';
import type { Json } from './json.js';
import { parametersOf } from './parameters.renderer.js';
import { refusalsOf } from './refusals.renderer.js';
import { answerSchema, isListed } from './schemas.renderer.js';
import type { Schemas } from './schemas.renderer.js';
import { sentenceOf, titleOf } from './sentences.js';
import { camel, nounOf, pascal, plural, tagOf } from './words.js';

export function operationRenderer(schemas: Schemas): (route: Route) => Json {
  const ids = new Set<string>();
  return (route) => ({
    operationId: uniqueId(ids, route),
    tags: [tagOf(route.collection)],
    summary: titleOf(route),
    description: sentenceOf(route),
    ...(route.needs in SECURITY && { security: SECURITY[route.needs] }),
    parameters: parametersOf(route),
    ...requestBody(route, schemas),
    responses: { ...success(route, schemas), ...refusalsOf(route) },
  });
}

/** Of what needs something else than a key. */
const SECURITY: Readonly<Partial<Record<Route['needs'], readonly Json[]>>> = {
  nothing: [],
  'cluster-token': [],
  password: [{ password: [] }],
  'log-in': [{ logInToken: [] }, { apiKey: [] }],
};

/** Some collections are below two paths. */
function uniqueId(ids: Set<string>, { collection, op }: Route): string {
  const noun = nounOf(collection);
  const wanted = `${camel(op)}${pascal(op === 'list' ? plural(noun) : noun)}`;
  let id = wanted;
  for (let others = 1; ids.has(id); others += 1) id = `${wanted}ByOtherPath${others > 1 ? others : ''}`;
  ids.add(id);
  return id;
}

function requestBody(route: Route, schemas: Schemas): Json {
  const schema = bodySchema(route);
  if (schema === undefined) return {};
  const content = { schema: schemas.ref(schema), example: schemas.example(schema) };
  const required = !schema.safeParse(undefined).success;
  return { requestBody: { required, content: { [route.consumes ?? 'application/json']: content } } };
}

function success(route: Route, schemas: Schemas): Json {
  if (route.success === 204) return { 204: { description: 'Done; there is nothing to say.' } };
  const headers = { ...(route.many && COUNTS), ...(route.success === 201 && PLACE) };
  return {
    [route.success]: { description: 'Done.', headers, content: answerContent(route, schemas) },
    ...(route.many && ASYNCHRONOUS),
  };
}

function answerContent(route: Route, schemas: Schemas): Json {
  const schema = answerSchema(route);
  const shown = schema === undefined ? {} : { schema: schemas.ref(schema), example: schemas.example(schema) };
  const json = isListed(route)
    ? { schema: { type: 'array', items: shown.schema ?? {} }, example: [shown.example] }
    : shown;
  const others = (route.produces ?? ['application/json']).map((type) => [
    type,
    type === 'application/json' ? json : { schema: { type: 'string' } },
  ]);
  return Object.fromEntries(others) as Json;
}

const text = (description: string): Json => ({ description, schema: { type: 'string' } });
const number = (description: string): Json => ({ description, schema: { type: 'integer' } });

const COUNTS = {
  'X-Total-Count': number('How many there are, whatever was asked for.'),
  'X-Matched-Count': number('How many of them match.'),
};
const PLACE = { Location: text('The href of what was made.') };
const ASYNCHRONOUS = {
  202: {
    description: 'Asked for with `Prefer: respond-async`: a job collects everything.',
    headers: {
      Location: text('The href of the job.'),
      'Retry-After': number('Seconds until a look is due.'),
    },
  },
};
