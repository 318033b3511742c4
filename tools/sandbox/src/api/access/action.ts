/** What a request wants to do, in the words of roles: a verb on a resource, or on a path that is no resource. */
import { pathParts } from '../request-target.js';
import { StatusError } from '../status-error.js';
import type { User } from './user.js';

export interface ResourceAction {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}
export interface PathAction {
  readonly verb: string;
  readonly path: string;
}
export type Action = ResourceAction | PathAction;

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

const namespaceSubresources = new Set(['status', 'finalize']);
/** What is done to whole collections, or to what a selector leaves of them. */
const ofMany = new Set(['list', 'watch', 'deletecollection']);
const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/** Read off the path alone, whether or not anything is served there: who may not ask does not learn what exists. */
export function actionOf({ method, path, query }: RequestLine): Action {
  const [root, ...parts] = pathParts(path);
  const below = root === 'api' ? parts.slice(1) : parts.slice(2);
  if ((root !== 'api' && root !== 'apis') || below.length === 0) return { verb: method.toLowerCase(), path };
  const { namespace, rest } = splitNamespace(below);
  const [resource = '', named, subresource] = rest;
  const verb = verbOf(method, named !== undefined, query);
  return {
    verb,
    group: root === 'api' ? '' : (parts[0] ?? ''),
    resource,
    subresource,
    namespace,
    name: named ?? (ofMany.has(verb) ? nameSelectedBy(query) : undefined),
  };
}

/** A namespace itself is in that namespace, so that a role there can allow to read it. */
function splitNamespace(parts: string[]): { namespace: string | undefined; rest: string[] } {
  const [first, namespace, third] = parts;
  if (first !== 'namespaces' || namespace === undefined) return { namespace: undefined, rest: parts };
  const isItself = third === undefined || namespaceSubresources.has(third);
  return { namespace, rest: isItself ? parts : parts.slice(2) };
}

function verbOf(method: string, isNamed: boolean, query: URLSearchParams): string {
  const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
  if (method === 'DELETE') return isNamed ? 'delete' : 'deletecollection';
  if (method !== 'GET' && method !== 'HEAD') return verbs[method] ?? method.toLowerCase();
  if (isWatch) return 'watch';
  return isNamed ? 'get' : 'list';
}

/** Who lists by name may be allowed that name only. */
function nameSelectedBy(query: URLSearchParams): string | undefined {
  return /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1];
}

export const isOnPath = (action: Action): action is PathAction => 'path' in action;

/** `pods/log`: how roles and refusals name it. */
export const qualifiedResource = ({ resource, subresource }: ResourceAction): string =>
  subresource === undefined ? resource : `${resource}/${subresource}`;

/** 403 in the words of an API server. */
export function actionForbidden(user: User, action: Action, why: string): StatusError {
  const who = `User ${JSON.stringify(user.name)} cannot ${action.verb}`;
  const because = why === '' ? '' : `: ${why}`;
  if (isOnPath(action))
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: ${who} path ${JSON.stringify(action.path)}${because}`,
      {},
    );
  const { group, resource, namespace, name } = action;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `resource ${JSON.stringify(qualifiedResource(action))} in API group ${JSON.stringify(group)} ${where}`;
  const subject = `${group === '' ? resource : `${resource}.${group}`}${name === undefined ? '' : ` ${JSON.stringify(name)}`}`;
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${who} ${what}${because}`, {
    ...(name === undefined ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
  });
}
