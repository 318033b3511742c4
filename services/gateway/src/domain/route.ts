/**
 * What a route is, as data. The table (`routes/`) is a list of these; the matcher, the permission check, the body check and the
 * OpenAPI document read it, and nothing else knows a path.
 */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Who owns a collection: a service, asked by its `resource` call, or the gateway itself. */
export type Owner = 'gateway' | 'inventory' | 'label-resolver' | 'policy-compute' | 'flow-ingest';

/**
 * What a caller needs: nothing (health), to be somebody who may read, or who may change, a cluster's token in the body; or on the way to being
 * somebody his name and password, or the token that they were exchanged for.
 */
export type Need = 'nothing' | 'read' | 'write' | 'cluster-token' | 'password' | 'log-in';

export interface Route {
  readonly method: Method;
  /** Below `/api/v2`; `{pversion}` and ids in braces. */
  readonly path: string;
  /** The API's word, a key of `API`. */
  readonly collection: string;
  readonly op: string;
  readonly answerer: Owner;
  readonly needs: Need;
  readonly success: 200 | 201 | 202 | 204;
  /** Which body of the collection is expected; none: a body is ignored. */
  readonly body: 'create' | 'update' | 'action' | 'none';
  /** Where it is not `application/json`: the text as it came. */
  readonly consumes?: 'text/csv';
  /** A collection GET: it counts, cuts at `max_results`, and may be asked for asynchronously. */
  readonly many: boolean;
  /** Not only drafts may be changed (restoring an old version). */
  readonly anyVersion?: boolean;
  /** Where it is not `application/json`, or not only. */
  readonly produces?: readonly string[];
  /** What it does, in a sentence or two; of the usual routes, their op says it. */
  readonly says?: string;
}

export type UsualOp = 'list' | 'get' | 'create' | 'update' | 'delete';

const DEFAULTS: Record<
  UsualOp,
  Pick<Route, 'method' | 'needs' | 'success' | 'body' | 'many'> & { one: boolean }
> = {
  list: { method: 'GET', needs: 'read', success: 200, body: 'none', many: true, one: false },
  get: { method: 'GET', needs: 'read', success: 200, body: 'none', many: false, one: true },
  create: { method: 'POST', needs: 'write', success: 201, body: 'create', many: false, one: false },
  update: { method: 'PUT', needs: 'write', success: 204, body: 'update', many: false, one: true },
  delete: { method: 'DELETE', needs: 'write', success: 204, body: 'none', many: false, one: true },
};

type Action = Pick<Route, 'method' | 'path' | 'collection' | 'op'> &
  Partial<Route> & { readonly says: string };

type BulkOp = 'bulk_create' | 'bulk_update' | 'bulk_delete';
const BULK: Readonly<Record<BulkOp, string>> = {
  bulk_create:
    'Creates up to 1,000 at once. Each item is answered in its place; one that is refused refuses no other.',
  bulk_update:
    'Changes up to 1,000 at once, each named by its `href`. Each item is answered in its place; one that is refused refuses no other.',
  bulk_delete:
    'Deletes up to 1,000 at once, each named by its `href`. Only those that are still there are answered, with the reason.',
};

/** Makes the routes of one owner, which is said here and nowhere else. */
export function routesOf(answerer: Owner): {
  /** The usual routes of a collection at `path`, of which `ops` exist. */
  collection(collection: string, path: string, ops?: readonly UsualOp[]): Route[];
  /** One thing at `path` that is always there. */
  single(collection: string, path: string): Route[];
  /** Changes of many at once. */
  bulk(collection: string, path: string, ops: readonly BulkOp[]): Route[];
  /** One route that is none of the usual ones. */
  action(route: Action): Route;
} {
  const action = (route: Action): Route => ({
    needs: route.method === 'GET' ? 'read' : 'write',
    success: 200,
    body: 'none',
    many: false,
    answerer,
    ...route,
  });
  const usual = (collection: string, path: string, op: UsualOp): Route => {
    const { one: _, ...defaults } = DEFAULTS[op];
    return { ...defaults, path, collection, op, answerer };
  };
  return {
    collection: (collection, path, ops = ['list', 'create', 'get', 'update', 'delete']) =>
      ops.map((op) => usual(collection, DEFAULTS[op].one ? `${path}/{${idName(path)}}` : path, op)),
    single: (collection, path) => [usual(collection, path, 'get'), usual(collection, path, 'update')],
    bulk: (collection, path, ops) =>
      ops.map((op) =>
        action({ method: 'PUT', path: `${path}/${op}`, collection, op, body: 'action', says: BULK[op] }),
      ),
    action,
  };
}

/** `…/rule_sets` → `rule_set_id`. */
function idName(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return `${last.endsWith('ies') ? `${last.slice(0, -3)}y` : last.replace(/s$/, '')}_id`;
}
