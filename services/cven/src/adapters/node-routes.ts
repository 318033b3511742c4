/**
 * By which of its own addresses the node calls whom. Its routes say into which networks the world falls, and the kernel itself
 * which address it takes towards each: a datagram socket that is connected, and sends nothing, has it.
 */
import { readFileSync } from 'node:fs';
import type { NodeRoute } from '@ringfence/contracts';
import { MOST_ROUTES } from '@ringfence/contracts';
import { sourceTowards } from '@ringfence/service-host';
import { addressBehind, fewestRoutes, routedNetworks } from '../domain/route-table.js';
import type { FoundRoute, RoutedNetwork } from '../domain/route-table.js';

const ROUTES = { v4: '/proc/self/net/route', v6: '/proc/self/net/ipv6_route' } as const;
/** A node has a route for each of its Pods, and for each other node. */
const MOST_NETWORKS = 2_048;

/** What changes without a change of networks and addresses (a route's preferred source) is seen then. */
const LOOK_AGAIN_MS = 30_000;

export class NodeRoutes {
  private seen = '';
  private lookedAt = -Infinity;
  private routes: readonly NodeRoute[] = [];

  constructor(private readonly ownAddresses: () => readonly string[]) {}

  async look(): Promise<readonly NodeRoute[]> {
    const own = this.ownAddresses();
    const lines = { v4: linesOf(ROUTES.v4), v6: linesOf(ROUTES.v6) };
    const seen = JSON.stringify([lines, own]);
    const isOld = performance.now() - this.lookedAt > LOOK_AGAIN_MS;
    if (seen === this.seen && !isOld) return this.routes;
    this.routes = await askKernel(routedNetworks(lines).slice(0, MOST_NETWORKS), new Set(own));
    this.seen = seen;
    this.lookedAt = performance.now();
    return this.routes;
  }
}

async function askKernel(networks: readonly RoutedNetwork[], own: ReadonlySet<string>): Promise<NodeRoute[]> {
  const found: FoundRoute[] = [];
  for (const network of networks) {
    const towards = addressBehind(network, networks, own);
    const from = towards === null ? null : await sourceTowards(towards);
    if (from !== null && own.has(from)) found.push({ network, from });
  }
  return fewestRoutes(found).slice(0, MOST_ROUTES);
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return []; // A kernel without this family.
  }
}
