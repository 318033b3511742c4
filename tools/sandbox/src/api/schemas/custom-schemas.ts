/** OpenAPI schemas of custom kinds: what their definitions say of them, and what is the same for every kind. */
import { isJsonObject, listAt, valueAt } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { objectMeta, reference, schemaName } from './built-in-schemas.js';
import type { Schema } from './built-in-schemas.js';

const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
const everyKind: Record<string, Schema> = {
  apiVersion: {
    type: 'string',
    description: `The versioned schema of this representation of an object. More info: ${conventions}#resources`,
  },
  kind: {
    type: 'string',
    description: `The REST resource this object represents. More info: ${conventions}#types-kinds`,
  },
  metadata: {
    description: `Standard object's metadata. More info: ${conventions}#metadata`,
    allOf: [{ $ref: reference(schemaName(objectMeta)) }],
    default: {},
  },
};

/** `com.example.v1.Widget`. */
export const customSchemaName = ({ group, version, kind }: ResourceDefinition): string =>
  [...group.split('.').reverse(), version, kind].join('.');

export function customSchema({ version }: ResourceDefinition, definition: KubeObject): Schema {
  const served = listAt(definition, 'spec.versions').find(({ name }) => name === version);
  const schema = valueAt(served, 'schema.openAPIV3Schema');
  const own = (isJsonObject(schema) ? schema : {}) as Schema;
  return { ...own, type: 'object', properties: { ...own.properties, ...everyKind } };
}
