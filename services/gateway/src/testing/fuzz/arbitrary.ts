/** Values of a JSON schema: mostly right ones, at the edges of what it allows. What they refer to is chosen when they are sent (`references.ts`). */
import fc from 'fast-check';
import type { Json } from '../../domain/open-api/json.js';
import { reference } from './references.js';

type Schemas = Readonly<Record<string, Json>>;
type Any = fc.Arbitrary<unknown>;

/** Of lists and texts: longer ones are cases of their own. */
const MOST = 3;

export function arbitraryOf(schemas: Schemas, schema: Json, name = '', depth = 0): Any {
  const of = (inner: Json, called = name): Any => arbitraryOf(schemas, inner, called, depth + 1);
  if (typeof schema['$ref'] === 'string') return of(schemas[schema['$ref'].split('/').at(-1)!] ?? {});
  if ('const' in schema) return fc.constant(schema['const']);
  const { enum: words, anyOf, type } = schema as { enum?: unknown[]; anyOf?: Json[]; type?: unknown };
  if (words !== undefined) return fc.constantFrom(...words);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((each) => of(each)));
  const types = [type].flat() as (string | undefined)[];
  return fc.oneof(...types.map((each) => ofType({ ...schema, type: each }, name, of, depth)));
}

const DEEPEST = 12;

type Of = (inner: Json, called?: string) => Any;

function ofType(schema: Json, name: string, of: Of, depth: number): Any {
  switch (schema['type']) {
    case 'object':
      return depth > DEEPEST ? fc.constant({}) : objectOf(schema, name, of);
    case 'array':
      return listOf(schema, of);
    case 'string':
      return textOf(schema, name);
    case 'integer':
      return wholeNumber(schema);
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    default:
      return fc.constantFrom(...(PLAIN[String(schema['type'])] ?? [{}, [], 'anything', 7]));
  }
}

const PLAIN: Readonly<Record<string, readonly unknown[]>> = { boolean: [true, false], null: [null] };

const listOf = ({ items = {}, maxItems = MOST }: { items?: Json; maxItems?: number }, of: Of): Any =>
  fc.array(of(items), { maxLength: Math.min(MOST, maxItems) });

function objectOf(schema: Json, holder: string, of: Of): Any {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  const fields = Object.entries(properties).map(([name, inner]) => [
    name,
    name === 'href' ? reference(holder) : of(inner, name),
  ]);
  return fc.record(Object.fromEntries(fields) as Record<string, Any>, { requiredKeys: required });
}

function wholeNumber({ minimum, maximum }: { minimum?: number; maximum?: number }): Any {
  const [min, max] = [Math.max(minimum ?? -5, -(2 ** 31)), Math.min(maximum ?? 100_000, 2 ** 31)];
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  key: ['role', 'app', 'env', 'loc'],
  from_ip: ['10.0.0.0/8', '10.0.0.1', '::/0', '2001:db8::1'],
  to_ip: ['10.0.0.9', ''],
  ip: ['10.0.0.1', '2001:db8::1'],
  address: ['10.0.0.1', '2001:db8::1'],
  fqdn: ['example.com', '*.example.com'],
  namespace: ['shop', 'default'],
};

function textOf(
  { minLength = 0, maxLength, format }: { minLength?: number; maxLength?: number; format?: string },
  name: string,
): Any {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  const words = WORDS[name];
  const plain = fc.string({
    unit: 'grapheme',
    minLength,
    maxLength: Math.min(maxLength ?? 40, Math.max(minLength, 40)),
  });
  return words === undefined
    ? fc.oneof(plain, fc.uuid())
    : fc.oneof({ arbitrary: fc.constantFrom(...words), weight: 5 }, plain);
}
