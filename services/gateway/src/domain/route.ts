/**
 * What a route is, as data. The table (`route-table.ts`) is a list of these; the matcher, the permission check, the body check and the
 * OpenAPI document read it, and nothing else knows a path.
 */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Who answers: an owner's call by its name in CALLS, or the gateway itself. */
export type Answerer = 'inventoryResource' | 'labelResource' | 'policyResource' | 'flowResource' | 'gateway';

/** What a caller needs: nothing (health), a key that may read, a key that may change, or a cluster's token in the body. */
export type Need = 'nothing' | 'read' | 'write' | 'cluster-token';

export interface Route {
  readonly method: Method;
  /** Below `/api/v2`; `{pversion}` and ids in braces. */
  readonly path: string;
  /** The API's word, a key of `API`. */
  readonly collection: string;
  readonly op: string;
  readonly answerer: Answerer;
  readonly needs: Need;
  readonly success: 200 | 201 | 202 | 204;
  /** Which body of the collection is expected; none: a body is ignored. */
  readonly body: 'create' | 'update' | 'action' | 'none';
  /** A collection GET: it counts, cuts at `max_results`, and may be asked for asynchronously. */
  readonly many: boolean;
  /** Not only drafts may be changed (restoring an old version). */
  readonly anyVersion?: boolean;
  readonly summary: string;
}

export type Op = 'list' | 'get' | 'create' | 'update' | 'delete';

const DEFAULTS: Record<Op, Pick<Route, 'method' | 'needs' | 'success' | 'body' | 'many'> & { one: boolean }> =
  {
    list: { method: 'GET', needs: 'read', success: 200, body: 'none', many: true, one: false },
    get: { method: 'GET', needs: 'read', success: 200, body: 'none', many: false, one: true },
    create: { method: 'POST', needs: 'write', success: 201, body: 'create', many: false, one: false },
    update: { method: 'PUT', needs: 'write', success: 204, body: 'update', many: false, one: true },
    delete: { method: 'DELETE', needs: 'write', success: 204, body: 'none', many: false, one: true },
  };

/** The usual routes of a collection at `path`, of which `ops` exist. */
export function collectionRoutes(
  collection: string,
  answerer: Answerer,
  path: string,
  ops: readonly Op[] = ['list', 'create', 'get', 'update', 'delete'],
): Route[] {
  const noun = collection.replaceAll('_', ' ').replaceAll('/', ' / ');
  return ops.map((op) => {
    const { one, ...rest } = DEFAULTS[op];
    return {
      ...rest,
      path: one ? `${path}/{${idName(path)}}` : path,
      collection,
      op,
      answerer,
      summary: `${noun}: ${op}`,
    };
  });
}

/** One route that is none of the usual ones. */
export function actionRoute(
  route: Pick<Route, 'method' | 'path' | 'collection' | 'op' | 'answerer'> & Partial<Route>,
): Route {
  const reads = route.method === 'GET';
  return {
    needs: reads ? 'read' : 'write',
    success: 200,
    body: 'none',
    many: false,
    summary: `${route.collection.replaceAll('_', ' ')}: ${route.op.replaceAll('_', ' ')}`,
    ...route,
  };
}

/** `…/rule_sets` → `rule_set_id`. */
function idName(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return `${last.endsWith('ies') ? `${last.slice(0, -3)}y` : last.replace(/s$/, '')}_id`;
}
