import { Validator } from '@seriousme/openapi-schema-validator';
import { API, API_PARTS } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../routes/routes.js';
import { bodySchema } from '../request-body.js';
import type { Route } from '../route.js';
import { openApiDocument } from './document.renderer.js';
import { EXAMPLES } from './examples.js';
import type { Json } from './json.js';
import { answerSchema, isListed } from './schemas.renderer.js';
import { headingOf, wordsOf } from './words.js';

interface Content {
  readonly schema?: Json;
  readonly example?: unknown;
}
interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly parameters: readonly {
    readonly $ref?: string;
    readonly name: string;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

const document = openApiDocument(ROUTES, '1.2.3') as unknown as Document;
const nameOf = (route: Route): string => `${route.method} ${route.path}`;
const operationOf = (route: Route): Operation => document.paths[route.path]![route.method.toLowerCase()]!;
const success = (route: Route): Operation['responses'][string] =>
  operationOf(route).responses[route.success]!;
const isJson = ({ produces = ['application/json'] }: Route): boolean => produces.includes('application/json');
/** The routes of which this is not so, by name. */
const without = (holds: (route: Route) => boolean): string[] =>
  ROUTES.filter((route) => !holds(route)).map(nameOf);

describe('the OpenAPI document', () => {
  it('is what OpenAPI 3.1 is defined to be', async () => {
    const checked = await new Validator().validate(structuredClone(document) as unknown as Json);
    expect(checked).toEqual({ valid: true });
  });

  it('has every route, each by a name of its own', () => {
    const operations = ROUTES.map(operationOf);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(ROUTES.length);
  });

  it('says of every route in a sentence what it does, and of every heading what stands below it', () => {
    expect(without((route) => /^[A-Z].{9,}\.$/s.test(operationOf(route).description))).toEqual([]);
    expect(without(({ collection }) => wordsOf(headingOf(collection)) !== undefined)).toEqual([]);
  });

  it('has a schema of every success answer', () => {
    const lacks = ({ content = {} }: Operation['responses'][string]): boolean =>
      Object.values(content).some(({ schema }) => Object.keys(schema ?? {}).length === 0);
    expect(
      without(
        (route) =>
          !lacks(success(route)) &&
          (route.success === 204 || !isJson(route) || answerSchema(route) !== undefined),
      ),
    ).toEqual([]);
  });

  it('has a schema of every body, and says that it is needed', () => {
    expect(
      without((route) => (route.body === 'none') === (operationOf(route).requestBody === undefined)),
    ).toEqual([]);
    const isNeeded = (route: Route): boolean => bodySchema(route)?.safeParse(undefined).success === false;
    expect(
      without((route) => (operationOf(route).requestBody?.required ?? false) === isNeeded(route)),
    ).toEqual([]);
  });

  it('says of every parameter what it is', () => {
    expect(
      without((route) =>
        operationOf(route).parameters.every(
          ({ $ref, description = '' }) => $ref !== undefined || description.length > 9,
        ),
      ),
    ).toEqual([]);
    const inPath = ({ path }: Route): number => path.split('{').length - 1;
    expect(without((route) => operationOf(route).parameters.length >= inPath(route))).toEqual([]);
  });

  it('has an example of every body and answer, which its own schema takes', () => {
    const bodies = without((route) => {
      const schema = bodySchema(route);
      const content = operationOf(route).requestBody?.content[route.consumes ?? 'application/json'];
      return schema === undefined || schema.safeParse(content?.example).success;
    });
    const answers = without((route) => {
      const [schema, content] = [answerSchema(route), success(route).content?.['application/json']];
      if (schema === undefined || content === undefined) return true;
      const example = isListed(route) ? (content.example as unknown[])[0] : content.example;
      return schema.safeParse(example).success;
    });
    expect({ bodies, answers }).toEqual({ bodies: [], answers: [] });
  });

  it('has no example of what there is not', () => {
    expect(Object.keys(EXAMPLES).filter((name) => !(name in document.components.schemas))).toEqual([]);
  });

  it('writes nothing out twice that has more than two fields', () => {
    const seen = new Map<string, string[]>();
    for (const [name, schema] of Object.entries(document.components.schemas))
      for (const [where, part] of objectsIn(schema, name)) {
        const text = JSON.stringify(part);
        seen.set(text, [...(seen.get(text) ?? []), where]);
      }
    expect([...seen.values()].filter((places) => places.length > 1)).toEqual([]);
  });

  it('shows nothing as being itself', () => {
    const schemas = Object.entries(document.components.schemas);
    const circular = schemas.filter(([name, schema]) =>
      JSON.stringify(schema).includes(`"#/components/schemas/${name}"`),
    );
    expect(circular.map(([name]) => name)).toEqual([]);
  });

  it('lists no collection, part or query that nobody reaches', () => {
    const reached = new Set(ROUTES.map(({ collection }) => collection));
    expect(Object.keys(API).filter((collection) => !reached.has(collection))).toEqual([]);
    const text = JSON.stringify(document);
    expect(Object.keys(API_PARTS).filter((name) => !text.includes(`"#/components/schemas/${name}"`))).toEqual(
      [],
    );
  });
});

/** Every object with fields that is written out within a schema, and where. */
function objectsIn(schema: unknown, where: string): [string, Json][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const fields = (schema as { properties?: Json }).properties;
  const inner = Object.entries(schema).flatMap(([key, part]) =>
    key === 'examples' ? [] : objectsIn(part, `${where}.${key}`),
  );
  const isLarge = fields !== undefined && Object.keys(fields).length > 2;
  return isLarge ? [[where, schema as Json], ...inner] : inner;
}
