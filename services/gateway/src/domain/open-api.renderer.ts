/** The OpenAPI 3.1 document of the route table: paths from the routes, bodies and objects from the zod schemas in contracts. */
import { API, ERRORS } from '@ringfence/contracts';
import { z } from 'zod';
import { bodySchema } from './request-body.js';
import type { Route } from './route.js';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ringfence REST API v2',
      version,
      description:
        'Every answer is JSON. A refusal is an array of {token, message}; tokens never change their meaning.',
    },
    servers: [{ url: '/api/v2' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'basic', description: 'API key id (api_…) and its secret' },
      },
      schemas: { ...collectionSchemas(routes), Errors: ERROR_SCHEMA },
    },
  };
}

const ERROR_SCHEMA: Json = {
  type: 'array',
  items: {
    type: 'object',
    required: ['token', 'message'],
    properties: {
      token: {
        type: 'string',
        description: Object.entries(ERRORS)
          .map(([token, { when }]) => `${token}: ${when}`)
          .join('\n'),
      },
      message: { type: 'string' },
    },
  },
};

function operation(route: Route): Json {
  const body = bodySchema(route);
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^a-zA-Z0-9]+(.)?/g, (_, next?: string) => (next ?? '').toUpperCase())}`,
    tags: [route.collection.split('/')[0]],
    summary: route.summary,
    ...(route.needs === 'nothing' || route.needs === 'cluster-token' ? { security: [] } : {}),
    parameters: parameters(route),
    ...(body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: { ...success(route), default: { description: 'refused', content: jsonContent('Errors') } },
  };
}

function parameters(route: Route): Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...(name === 'pversion' ? { examples: ['draft', 'active'] } : {}) },
  }));
  const paging = [
    { name: 'max_results', in: 'query', schema: { type: 'integer', minimum: 0, default: 500 } },
    { name: 'Prefer', in: 'header', schema: { type: 'string', enum: ['respond-async'] } },
  ];
  return route.many ? [...inPath, ...paging] : inPath;
}

function success(route: Route): Json {
  if (route.success === 204) return { 204: { description: 'done' } };
  const known =
    API[route.collection] !== undefined &&
    (route.op === 'get' || route.op === 'create' || route.op === 'list');
  if (!known) return { [route.success]: { description: 'the answer', content: { 'application/json': {} } } };
  const name = schemaName(route.collection);
  const content = route.many
    ? { 'application/json': { schema: { type: 'array', items: { $ref: `#/components/schemas/${name}` } } } }
    : jsonContent(name);
  return { [route.success]: { description: 'the answer', content } };
}

function jsonContent(name: string): Json {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

function collectionSchemas(routes: readonly Route[]): Json {
  const names = new Set(routes.map((route) => route.collection));
  const known = [...names].flatMap((name) => {
    const collection = API[name];
    return collection === undefined ? [] : [[schemaName(name), jsonSchema(collection.item)] as const];
  });
  return Object.fromEntries(known);
}

function schemaName(collection: string): string {
  return collection.replaceAll(/(^|[_/])(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}

function jsonSchema(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
