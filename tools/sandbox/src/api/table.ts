/** Builds the tables `kubectl get` prints: columns and rows per kind; what a cell holds is decided in `table-columns.ts`. */
import type { KubeObject } from './kube-object.js';
import type { ResourceDefinition } from './resource-definition.js';
import { columnsFor } from './table-columns.js';

export interface TableOptions {
  includeObject: string | null;
  now: Date;
}

export function tableOf(
  definition: ResourceDefinition,
  objects: readonly KubeObject[],
  options: TableOptions,
): Record<string, unknown> {
  const columns = columnsFor(definition);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: objects[0]?.metadata.resourceVersion ?? '' },
    columnDefinitions: columns.map(({ name, type = 'string', priority = 0, format = '' }) => ({
      name,
      type,
      format,
      description: name,
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, options.now)),
      ...attachment(object, options.includeObject),
    })),
  };
}

function attachment(object: KubeObject, includeObject: string | null): { object?: unknown } {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object') return { object };
  return {
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  };
}
