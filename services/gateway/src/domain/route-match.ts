/**
 * Which route a method and a path mean. A literal segment wins over a parameter at the same place
 * (`/sec_policy/pending` over `/sec_policy/{id}`); a known path with another method is told apart from an unknown path.
 */
import { idForm } from './id-forms.js';
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
  parameter: { readonly form: RegExp; readonly node: Node } | undefined;
  readonly routes: Map<Method, { route: Route; names: readonly string[] }>;
}
const emptyNode = (): Node => ({ literals: new Map(), parameter: undefined, routes: new Map() });

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
  let word = '';
  const names: string[] = [];
  for (const segment of route.path.split('/').slice(1)) {
    if (segment.startsWith('{')) {
      names.push(segment.slice(1, -1));
      node.parameter ??= { form: idForm(word), node: emptyNode() };
      ({ node } = node.parameter);
    } else {
      let next = node.literals.get(segment);
      if (next === undefined) node.literals.set(segment, (next = emptyNode()));
      node = next;
    }
    word = segment;
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
  const { parameter } = node;
  if (found !== undefined || !parameter?.form.test(segment)) return found;
  return walk(parameter.node, segments, at + 1, [...values, segment]);
}

function bind(route: Route, names: readonly string[], values: readonly string[]): RouteMatch {
  const value = (name: string): string | undefined => values[names.indexOf(name)];
  const ids = values.filter((_, index) => names[index] !== 'org' && names[index] !== 'pversion');
  return { kind: 'route', route, org: value('org'), pversion: value('pversion'), ids };
}

function decodeSegments(path: string): readonly string[] | undefined {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
