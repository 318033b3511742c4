/** What one kind is called and how it is served; plain data, the rows of the catalog. */
import type { KubeObject } from './kube-object.js';

/** What can be done with the objects of a kind that is stored. */
export const objectVerbs = [
  ...['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
];

export interface PrinterColumn {
  name: string;
  type: string;
  jsonPath: string;
  priority?: number;
}

export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
  readonly verbs: readonly string[];
  /** Kinds with a specification count its changes in `metadata.generation`. */
  readonly hasGeneration: boolean;
  readonly isCustom: boolean;
  readonly printerColumns?: readonly PrinterColumn[];
}

export function apiVersionOf(definition: { group: string; version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}

/** The key of a resource's storage: all versions of a kind share one. */
export function resourceName(definition: { group: string; plural: string }): string {
  return definition.group === '' ? definition.plural : `${definition.plural}.${definition.group}`;
}

/** Custom kinds are stored once and served in every version; without conversion only the version's name differs. */
export function inVersion(definition: ResourceDefinition, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(definition);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}
