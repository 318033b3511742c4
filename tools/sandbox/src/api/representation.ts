/** In which shape objects are sent: as they are, their metadata only, or as rows of a table, by the Accept header. */
import type { KubeObject } from './kube-object.js';
import { apiVersionOf } from './resource-definition.js';
import type { ResourceDefinition } from './resource-definition.js';
import { tableOf } from './table.js';

type Shape = 'object' | 'table' | 'metadata';

export interface Representation {
  one(object: KubeObject): unknown;
  list(objects: readonly KubeObject[], metadata: ListMeta): unknown;
}

export interface ListMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

function shapeOf(accept: string): Shape {
  for (const choice of accept.split(',')) {
    if (/as=Table\b/.test(choice)) return 'table';
    if (/as=PartialObjectMetadata/.test(choice)) return 'metadata';
    if (/^\s*(application\/json|application\/\*|\*\/\*)\s*(;q=[\d.]+)?\s*$/.test(choice)) return 'object';
  }
  return 'object';
}

export function representationFor(
  accept: string,
  definition: ResourceDefinition,
  includeObject: string | null,
  now: () => Date,
): Representation {
  const shape = shapeOf(accept);
  if (shape === 'table') {
    return {
      one: (object) => tableOf(definition, [object], { includeObject, now: now() }),
      list: (objects, metadata) => ({
        ...tableOf(definition, objects, { includeObject, now: now() }),
        metadata,
      }),
    };
  }
  if (shape === 'metadata') return metadataOnly;
  return {
    one: (object) => object,
    list: (items, metadata) => ({
      kind: `${definition.kind}List`,
      apiVersion: apiVersionOf(definition),
      metadata,
      items,
    }),
  };
}

const metadataOnly: Representation = {
  one: partialMetadata,
  list: (objects, metadata) => ({
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    items: objects.map(partialMetadata),
  }),
};

function partialMetadata(object: KubeObject): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
