/**
 * OpenAPI documents, as much as clients read before they write: that PATCH takes `fieldValidation` and `dryRun`. There are
 * no schemas; kubectl then validates nothing itself and merges by the types it was built with.
 */
import { apiVersionOf } from './resource-definition.js';
import type { ResourceCatalog } from './resource-catalog.js';
import type { ResourceDefinition } from './resource-definition.js';
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

export function openApiV3For(catalog: ResourceCatalog, key: string): unknown {
  const groupVersion = key.replace(/^apis?\//, '');
  const definitions = catalog.inGroupVersion(groupVersion);
  if (definitions.length === 0) throw pathNotFound();
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(definitions.map((definition) => pathItem(definition))),
    components: { schemas: {} },
  };
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
  return [path, { patch: { parameters, responses: { 200: { description: 'OK' } }, ...identity } }];
}
