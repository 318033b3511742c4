/**
 * Which route a method and a path mean. A literal segment wins over a parameter at the same place
 * (`/sec_policy/pending` over `/sec_policy/{id}`); a known path with another method is told apart from an unknown path.
 */
import type { Method, Route } from './route.js';

export interface RouteMatch {
  readonly kind: 'route';
  readonly route: Route;
  readonly org: string | undefined;
  readonly pversion: string | undefined;
  /** Values of the other parameters, outermost first. */
  readonly ids: readonly string[];
}
export type Match =
  | RouteMatch
  | { readonly kind: 'wrong-method'; readonly allowed: readonly Method[] }
  | { readonly kind: 'unknown' };

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  readonly routes: Map<Method, { route: Route; names: readonly string[] }>;
}
const emptyNode = (): Node => ({ literals: new Map(), parameter: undefined, routes: new Map() });

const VERSION = /^(draft|active|[1-9][0-9]{0,17})$/;
/** Ids are integers, uuids, short names: nothing else reaches an owner. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/;

export type RouteMatcher = (method: string, path: string) => Match;

export function routeMatcher(routes: readonly Route[]): RouteMatcher {
  const root = emptyNode();
  for (const route of routes) insert(root, route);
  return (method, path) => {
    const segments = decodeSegments(path);
    if (segments === undefined) return { kind: 'unknown' };
    const found = walk(root, segments, 0, []);
    if (found === undefined) return { kind: 'unknown' };
    const hit = found.node.routes.get(method as Method);
    if (hit === undefined) return { kind: 'wrong-method', allowed: [...found.node.routes.keys()] };
    return bind(hit.route, hit.names, found.values);
  };
}

function insert(root: Node, route: Route): void {
  let node = root;
  const names: string[] = [];
  for (const segment of route.path.split('/').slice(1)) {
    if (segment.startsWith('{')) {
      names.push(segment.slice(1, -1));
      node = node.parameter ??= emptyNode();
    } else {
      let next = node.literals.get(segment);
      if (next === undefined) node.literals.set(segment, (next = emptyNode()));
      node = next;
    }
  }
  if (node.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
  node.routes.set(route.method, { route, names });
}

function walk(
  node: Node,
  segments: readonly string[],
  at: number,
  values: readonly string[],
): { node: Node; values: readonly string[] } | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.routes.size > 0 ? { node, values } : undefined;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : walk(literal, segments, at + 1, values);
  if (found !== undefined || node.parameter === undefined || !ID.test(segment)) return found;
  return walk(node.parameter, segments, at + 1, [...values, segment]);
}

function bind(route: Route, names: readonly string[], values: readonly string[]): Match {
  const value = (name: string): string | undefined => values[names.indexOf(name)];
  const pversion = value('pversion');
  if (pversion !== undefined && !VERSION.test(pversion)) return { kind: 'unknown' };
  const ids = values.filter((_, index) => names[index] !== 'org' && names[index] !== 'pversion');
  return { kind: 'route', route, org: value('org'), pversion, ids };
}

function decodeSegments(path: string): readonly string[] | undefined {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
