/** What the path of a request addresses: a kind, perhaps a namespace, an object and one of its subresources. */
import type { ResourceCatalog } from './resource-catalog.js';
import type { ResourceDefinition } from './resource-definition.js';
import { badRequest, pathNotFound } from './status-error.js';

export interface RequestTarget {
  readonly definition: ResourceDefinition;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Throws 404 for a path that addresses nothing this cluster serves. */
export function targetOf(catalog: ResourceCatalog, path: string): RequestTarget {
  const parts = pathParts(path);
  const groupLength = parts[0] === 'api' ? 1 : 2;
  const apiVersion = parts.slice(1, 1 + groupLength).join('/');
  const { namespace, rest } = splitNamespace(parts.slice(1 + groupLength));
  const [plural = '', name, subresource, ...surplus] = rest;
  const definition = catalog.find(apiVersion, plural);
  if (definition === undefined || surplus.length > 0) throw pathNotFound();
  if (!isReachable(definition, namespace, name)) throw pathNotFound();
  if (subresource !== undefined && !definition.subresources.includes(subresource)) throw pathNotFound();
  return { definition, namespace, name, subresource };
}

/** `namespaces/x/pods` is about pods in x; `namespaces/x` and `namespaces/x/status` are about the namespace itself. */
function splitNamespace(parts: string[]): { namespace: string | undefined; rest: string[] } {
  const [first, namespace, third] = parts;
  if (first !== 'namespaces' || third === undefined || namespaceSubresources.has(third))
    return { namespace: undefined, rest: parts };
  return { namespace, rest: parts.slice(2) };
}

const namespaceSubresources = new Set(['status', 'finalize']);

/** Only whole collections of namespaced kinds can be addressed without a namespace. */
function isReachable(
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string | undefined,
): boolean {
  if (!definition.namespaced) return namespace === undefined;
  return namespace !== undefined || name === undefined;
}

/** Throws 400 for what cannot be read. */
export function pathParts(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(unescaped);
}

export function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the request holds an invalid escape: ${part}`);
  }
}
