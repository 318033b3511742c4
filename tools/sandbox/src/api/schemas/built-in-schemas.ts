/**
 * OpenAPI schemas of the built-in kinds, with their descriptions, for `kubectl explain`. They are made of the type declarations in
 * the package `kubernetes-types`, when they are first asked for. Nothing is validated by them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import { readDeclarations } from './declarations.js';
import type { Declaration, Declarations } from './declarations.js';

export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

export type Schemas = Record<string, Schema>;

interface Named {
  readonly module: string;
  readonly name: string;
}

const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const modules = new Map<string, Declarations>();
const plainTypes: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  number: { type: 'integer' },
  'number | string': { $ref: reference(intOrString) },
};

/** The module that declares the kinds of a group and version; its folder is the first word of the group. */
export const moduleOf = (group: string, version: string): string =>
  `${group === '' ? 'core' : (group.split('.')[0] ?? '')}/${version}`;

export const schemaName = ({ module, name }: Named): string =>
  /^(meta|api|runtime)/.test(module)
    ? `io.k8s.apimachinery.pkg.${module === 'meta/v1' ? 'apis.' : ''}${module.replaceAll('/', '.')}.${name}`
    : `io.k8s.api.${module.replaceAll('/', '.')}.${name}`;

export const objectMeta: Named = { module: 'meta/v1', name: 'ObjectMeta' };

export function reference(name: string): string {
  return `#/components/schemas/${name}`;
}

/** The schemas of these types and of all that they are made of. */
export function schemasOf(wanted: readonly Named[]): Schemas {
  const schemas: Schemas = { [intOrString]: { oneOf: [{ type: 'integer' }, { type: 'string' }] } };
  const waiting = [...wanted];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const name = schemaName(next);
    const declaration = declarationsIn(next.module).byName.get(next.name);
    if (declaration === undefined || schemas[name] !== undefined) continue;
    schemas[name] = schemaOf(declaration, next.module, (named) => waiting.push(named));
  }
  return schemas;
}

type Meet = (named: Named) => void;

function schemaOf({ description, fields }: Declaration, module: string, meet: Meet): Schema {
  if (fields === undefined) return { description, type: 'string' };
  const properties = fields.map((field) => {
    const type = typeSchema(field.type, module, meet);
    const schema = type.$ref === undefined ? type : { allOf: [type], default: {} };
    return [field.name, { description: field.description, ...schema }] as const;
  });
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    description,
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}

function typeSchema(type: string, module: string, meet: Meet): Schema {
  const plain = plainTypes[type];
  if (plain !== undefined) return plain;
  if (type.startsWith('"')) return { type: 'string' };
  const [, container, of = ''] = /^(Array|Map)<(.+)>$/.exec(type) ?? [];
  if (container === 'Array') return { type: 'array', items: typeSchema(of, module, meet) };
  if (container === 'Map') return { type: 'object', additionalProperties: typeSchema(of, module, meet) };
  const named = { module: homeOf(type, module), name: type };
  if (!declarationsIn(named.module).byName.has(type)) return { type: 'object' };
  meet(named);
  return { $ref: reference(schemaName(named)) };
}

function homeOf(name: string, module: string): string {
  const from = declarationsIn(module).imports.get(name);
  return from === undefined ? module : posix.join(posix.dirname(module), from);
}

function declarationsIn(module: string): Declarations {
  const known = modules.get(module) ?? readDeclarations(textOf(module));
  modules.set(module, known);
  return known;
}

function textOf(module: string): string {
  const manifest = createRequire(import.meta.url).resolve('kubernetes-types/package.json');
  return readFileSync(`${posix.dirname(manifest)}/${module}.d.ts`, 'utf8');
}
