/**
 * The schemas of bodies and answers by name: each is written once, and referred to by `$ref` wherever it occurs. Written as what may be
 * sent; of answers, that leaves open a few fields that are always there.
 */
import { API, API_PARTS } from '@ringfence/contracts';
import { z } from 'zod';
import { bodySchema } from '../request-body.js';
import type { Route } from '../route.js';
import { exampleOf, exampleOfPath } from './example.renderer.js';
import { EXAMPLES } from './examples.js';
import type { Json } from './json.js';
import { withSharedParts } from './shared-parts.js';
import { nounOf, pascal } from './words.js';

export interface Schemas {
  /** By name. */
  readonly components: Readonly<Record<string, Json>>;
  /** A reference to a schema that has a name. */
  ref(schema: z.ZodType): Json;
  example(schema: z.ZodType): unknown;
}

type Registry = z.core.$ZodRegistry<{ id: string }>;

export function schemasOf(routes: readonly Route[]): Schemas {
  const names: Registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(API_PARTS)) names.add(schema, { id });
  for (const route of routes) for (const [id, schema] of namedBy(route)) nameOnce(names, id, schema);
  const components = rendered(names);
  const places = Object.fromEntries(
    routes
      .filter(({ op }) => op === 'get')
      .map(({ collection, path }) => [pascal(nounOf(collection)), exampleOfPath(path)]),
  );
  const nameOf = (schema: z.ZodType): string => {
    const name = names.get(schema)?.id;
    if (name === undefined) throw new Error('a schema without a name is shown');
    return name;
  };
  return {
    components,
    ref: (schema) => ({ $ref: refTo(nameOf(schema)) }),
    example: (schema) => exampleOf(components, nameOf(schema), places),
  };
}

/** What a route answers with success, unless that is a list of what is shown or nothing. */
export function answerSchema({ collection, op }: Route): z.ZodType | undefined {
  const contract = API[collection];
  return contract?.answers?.[op] ?? (SHOWS_ITEM.has(op) ? contract?.item : undefined);
}
const SHOWS_ITEM = new Set(['list', 'get', 'create']);

/** Is the item, of which a list is an array. */
export const isListed = (route: Route): boolean =>
  route.op === 'list' && API[route.collection]?.answers?.[route.op] === undefined;

const refTo = (name: string): string => `#/components/schemas/${name}`;

function namedBy(route: Route): [string, z.ZodType][] {
  const noun = pascal(nounOf(route.collection));
  const [item, body, answer] = [API[route.collection]?.item, bodySchema(route), answerSchema(route)];
  return [
    ...(item === undefined ? [] : [[noun, item] as [string, z.ZodType]]),
    ...(body === undefined ? [] : [[`${noun}${pascal(route.op)}`, body] as [string, z.ZodType]]),
    ...(answer === undefined ? [] : [[`${noun}${pascal(route.op)}Answer`, answer] as [string, z.ZodType]]),
  ];
}

function nameOnce(names: Registry, id: string, schema: z.ZodType): void {
  if (!names.has(schema)) names.add(schema, { id });
}

function rendered(names: Registry): Readonly<Record<string, Json>> {
  const { schemas } = z.toJSONSchema(names, { io: 'input', unrepresentable: 'any', uri: refTo });
  const named = Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...schema }]) => [
      name,
      { ...schema, ...(name in EXAMPLES && { examples: [EXAMPLES[name]] }) },
    ]),
  );
  return withSharedParts(named);
}
