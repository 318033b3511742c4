/**
 * The OpenAPI 3.1 document, from nothing but the route table and the zod schemas of the contracts: a route that is added is described,
 * and what cannot be described fails the spec beside this file. What is said in sentences is in `words.ts` and at the routes.
 */
import type { Route } from '../route.js';
import type { Json } from './json.js';
import { operationRenderer } from './operation.renderer.js';
import { SHARED_PARAMETERS } from './parameters.renderer.js';
import { refusalResponses, refusalSchemas } from './refusals.renderer.js';
import { schemasOf } from './schemas.renderer.js';
import { headingOf, tagOf, wordsOf } from './words.js';

export function openApiDocument(routes: readonly Route[], version: string): Json {
  const schemas = schemasOf(routes);
  const operation = operationRenderer(schemas);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title: 'Ringfence REST API v2', version, description: INTRODUCTION },
    servers: [{ url: '/api/v2' }],
    security: [{ apiKey: [] }],
    tags: tags(routes),
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: SHARED_PARAMETERS,
      responses: refusalResponses(),
      schemas: { ...schemas.components, ...refusalSchemas() },
    },
  };
}

/** Viewers lead to the last of them: the one that nearly everything takes. */
const SECURITY_SCHEMES = {
  logInToken: {
    ...{ type: 'apiKey', in: 'header', name: 'Authorization' },
    description: '`Token token=…`, of what a password was exchanged for.',
  },
  password: { type: 'http', scheme: 'basic', description: 'User name and password.' },
  apiKey: {
    ...{ type: 'http', scheme: 'basic' },
    description: 'Id of an API key (`api_…`) and its secret, or of a session (`user_…`) and its token.',
  },
};

const INTRODUCTION = [
  'Names of paths, fields and tokens are those of the PCE REST API v2, so that its clients work.',
  'An answer is JSON where nothing else is said. A refusal is an array of `{token, message}`; a token never changes its meaning.',
  'What is below `/sec_policy/draft` has no effect until it is provisioned by `POST /orgs/1/sec_policy`.',
  'Unknown query parameters are ignored; unknown fields of a body are refused.',
].join('\n\n');

function tags(routes: readonly Route[]): Json[] {
  const headings = new Set(routes.map(({ collection }) => headingOf(collection)));
  return [...headings].map((heading) => ({
    name: tagOf(heading),
    description: wordsOf(heading)?.about ?? '',
  }));
}
