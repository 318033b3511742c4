/** A small valid value of a JSON Schema: the first fixture of a new contract. */
import type { JsonSchema } from './schema-compatibility.js';

const BY_PATTERN: readonly [RegExp, string][] = [
  [/ls-/, 'ls-0123456789abcdef0123'],
  [/g-\[/, 'g-0123456789abcdef0123'],
  [/r-\[/, 'r-0123456789abcdef0123'],
  [/-4\[0-9a-f\]/, '4b7c1d9e-52f0-4a6b-8c3d-1e2f3a4b5c6d'],
  [/\[1-9\]\[0-9\]/, '42'],
];
const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2026-11-20T12:00:00.000Z',
  uuid: '4b7c1d9e-52f0-4a6b-8c3d-1e2f3a4b5c6d',
};

const BY_TYPE: Readonly<Record<string, (schema: JsonSchema) => unknown>> = {
  object: sampleObject,
  array: (schema) => (schema.items ? [sample(schema.items)] : []),
  integer: (schema) => Math.max(schema.minimum ?? 1, 1),
  number: (schema) => Math.max(schema.minimum ?? 1, 1),
  boolean: () => true,
  null: () => null,
  string: sampleText,
};

export function sample(schema: JsonSchema): unknown {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return sample(alternatives[0]!);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  return type === undefined ? { any: 'value' } : BY_TYPE[type]!(schema);
}

function sampleObject(schema: JsonSchema): unknown {
  const properties = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, sample(value)]);
  if (properties.length === 0 && typeof schema.additionalProperties === 'object')
    return { key: sample(schema.additionalProperties) };
  return Object.fromEntries(properties);
}

function sampleText(schema: JsonSchema): string {
  if (schema.format && BY_FORMAT[schema.format]) return BY_FORMAT[schema.format]!;
  const known = BY_PATTERN.find(([pattern]) => schema.pattern !== undefined && pattern.test(schema.pattern));
  return known?.[1] ?? 'text'.padEnd(schema.minLength ?? 0, 'x');
}
