/** What the path of a request addresses: a kind, perhaps a namespace, an object and one of its subresources. */
import type { ResourceCatalog, ResourceDefinition } from './resource-catalog.js';
import { badRequest, pathNotFound } from './status-error.js';

export interface RequestTarget {
  readonly definition: ResourceDefinition;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Throws 404 for a path that addresses nothing this cluster serves. */
export function targetOf(catalog: ResourceCatalog, path: string): RequestTarget {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const isCore = parts[0] === 'api';
  const apiVersion = isCore ? parts[1] : `${parts[1] ?? ''}/${parts[2] ?? ''}`;
  const rest = parts.slice(isCore ? 2 : 3);
  if (apiVersion === undefined || rest.length === 0) throw pathNotFound();
  const isNamespaced =
    rest[0] === 'namespaces' && rest.length >= 3 && !['status', 'finalize'].includes(rest[2] as string);
  const namespace = isNamespaced ? rest[1] : undefined;
  const [plural, name, subresource, ...surplus] = isNamespaced ? rest.slice(2) : rest;
  const definition = catalog.find(apiVersion, plural as string);
  if (definition === undefined || surplus.length > 0) throw pathNotFound();
  if (definition.namespaced !== isNamespaced && (isNamespaced || name !== undefined)) throw pathNotFound();
  if (subresource !== undefined && !definition.subresources.includes(subresource)) throw pathNotFound();
  return { definition, namespace, name, subresource };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path holds an invalid escape: ${part}`);
  }
}
