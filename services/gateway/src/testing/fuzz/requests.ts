/** Requests that follow the OpenAPI document, or nearly: every operation, with every body and query parameter that it describes. */
import fc from 'fast-check';
import { openApiDocument } from '../../domain/open-api/document.renderer.js';
import type { Json } from '../../domain/open-api/json.js';
import type { Route } from '../../domain/route.js';
import { ROUTES } from '../../routes/routes.js';
import { arbitraryOf } from './arbitrary.js';
import { mutated, nasty, RAW } from './mutations.js';

export interface FuzzRequest {
  readonly route: Route;
  /** Which of the known things the ids of its path are, outermost first; not all are. */
  readonly ids: readonly number[];
  readonly query: Readonly<Record<string, unknown>>;
  /** Undefined: none. A text is sent as it is. */
  readonly body: { readonly value: unknown } | { readonly text: string } | undefined;
}

/** Not asked: what never ends, what has a rate limit of its own, what would lock us out. */
const LEFT_OUT = /^(stream|edge|login_users|users|resync|explain) /;

interface Operation {
  readonly parameters: readonly {
    readonly $ref?: string;
    readonly in: string;
    readonly name: string;
    readonly schema: Json;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Json; readonly example: unknown }>>;
  };
}

export function fuzzRequests(routes: readonly Route[]): fc.Arbitrary<FuzzRequest> {
  const document = openApiDocument(ROUTES, '0') as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, Json>> };
  };
  const asked = routes.filter(({ collection, op }) => !LEFT_OUT.test(`${collection} ${op}`));
  return fc.oneof(
    ...asked.map((route) => {
      const operation = document.paths[route.path]![route.method.toLowerCase()]!;
      return {
        arbitrary: requestOf(route, operation, document.components.schemas),
        weight: weightOf(operation),
      };
    }),
  );
}

const weightOf = ({ requestBody, parameters }: Operation): number =>
  (requestBody === undefined ? 1 : 8) + Math.min(4, queryOf(parameters).length);

const queryOf = (parameters: Operation['parameters']): { name: string; schema: Json }[] => [
  ...parameters.filter((each) => each.in === 'query'),
  ...parameters.flatMap(({ $ref }) =>
    $ref?.endsWith('/max_results') ? [{ name: 'max_results', schema: { type: 'integer' } }] : [],
  ),
];

function requestOf(
  route: Route,
  { parameters, requestBody }: Operation,
  schemas: Readonly<Record<string, Json>>,
): fc.Arbitrary<FuzzRequest> {
  const valueOf = (schema: Json, name = ''): fc.Arbitrary<unknown> =>
    fc.oneof({ arbitrary: arbitraryOf(schemas, schema, name), weight: 3 }, { arbitrary: nasty, weight: 1 });
  const query = queryOf(parameters).map(({ name, schema }) => [name, valueOf(schema, name)] as const);
  return fc.record({
    route: fc.constant(route),
    ids: fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 }),
    query: fc.record(Object.fromEntries(query), { requiredKeys: [] }),
    body:
      requestBody === undefined
        ? fc.constant(undefined)
        : bodyOf(requestBody.content[route.consumes ?? 'application/json']!, schemas),
  });
}

function bodyOf(
  { schema, example }: { schema: Json; example: unknown },
  schemas: Readonly<Record<string, Json>>,
): fc.Arbitrary<FuzzRequest['body']> {
  const right = fc.oneof(fc.constant(example), arbitraryOf(schemas, schema));
  const wrong = fc.tuple(right, fc.nat(1_000), nasty).map(([value, which, by]) => mutated(value, which, by));
  const value = fc
    .oneof({ arbitrary: right, weight: 5 }, { arbitrary: wrong, weight: 5 })
    .map((each) => ({ value: each }));
  return fc.oneof(
    { arbitrary: value, weight: 19 },
    { arbitrary: fc.constantFrom(...RAW).map((text) => ({ text })), weight: 1 },
  );
}
