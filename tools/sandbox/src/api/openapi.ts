/**
 * OpenAPI documents, as much as clients read: that PATCH takes `fieldValidation` and `dryRun`, and what the kinds are made of
 * (`kubectl explain`). Strategic merge is not offered in them: kubectl then merges by the types it was built with, whose lists it
 * knows the keys of.
 */
import type { Cluster } from './cluster.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, resourceName } from './resource-definition.js';
import type { ResourceCatalog } from './resource-catalog.js';
import type { ResourceDefinition } from './resource-definition.js';
import { moduleOf, objectMeta, schemaName, schemasOf } from './schemas/built-in-schemas.js';
import type { Schemas } from './schemas/built-in-schemas.js';
import { customSchema, customSchemaName } from './schemas/custom-schemas.js';
import { pathNotFound } from './status-error.js';

const info = { title: 'Kubernetes', version: 'v1.32.4' };

export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** A stock kubectl reads version 2 only as protobuf: field 1 is the dialect, field 2 the title and version. */
export function openApiV2Protobuf(): Buffer {
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const about = Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))]);
  return Buffer.concat([field(1, Buffer.from('2.0')), field(2, about)]);
}

export function openApiV2(): unknown {
  return { swagger: '2.0', info, paths: {}, definitions: {} };
}

export function openApiV3Index(catalog: ResourceCatalog): unknown {
  const entries = catalog.groupVersions().map(({ group, version }) => {
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    return [key, { serverRelativeURL: `/openapi/v3/${key}` }];
  });
  return { paths: Object.fromEntries(entries) as unknown };
}

export function openApiV3For(cluster: Cluster, key: string): unknown {
  const groupVersion = key.replace(/^apis?\//, '');
  const definitions = cluster.catalog.inGroupVersion(groupVersion);
  if (definitions.length === 0) throw pathNotFound();
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(definitions.map((definition) => pathItem(definition))),
    components: { schemas: schemasFor(cluster, definitions) },
  };
}

function schemasFor(cluster: Cluster, definitions: readonly ResourceDefinition[]): Schemas {
  const typeOf = ({ group, version, kind }: ResourceDefinition) => ({
    module: moduleOf(group, version),
    name: kind,
  });
  const builtIn = definitions.filter(({ isCustom }) => !isCustom);
  const schemas = schemasOf([objectMeta, ...builtIn.map(typeOf)]);
  for (const definition of definitions) {
    const name = definition.isCustom ? customSchemaName(definition) : schemaName(typeOf(definition));
    const schema = definition.isCustom
      ? customSchema(definition, customDefinition(cluster, definition))
      : schemas[name];
    const { group, version, kind } = definition;
    schemas[name] = { ...schema, 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  }
  return schemas;
}

function customDefinition(cluster: Cluster, definition: ResourceDefinition): KubeObject {
  const definitions = cluster.catalog.named('customresourcedefinitions.apiextensions.k8s.io');
  return cluster.get(definitions, undefined, resourceName(definition));
}

function pathItem(definition: ResourceDefinition): [string, unknown] {
  const { group, version, kind, plural, namespaced } = definition;
  const root = group === '' ? '/api' : '/apis';
  const path = `${root}/${apiVersionOf(definition)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`;
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }));
  const identity = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  const responses = { 200: { description: 'OK' } };
  return [path, { get: { responses, ...identity }, patch: { parameters, responses, ...identity } }];
}
