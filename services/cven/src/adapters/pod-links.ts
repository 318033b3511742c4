/**
 * Behind which of the node's interfaces its Pods are, off the kernel's routing tables: an interface to which an address of
 * a Pod is routed without a gateway (a veth of its own, or the bridge of all). Where the network's agent moves packets past
 * these tables (Cilium) there is none, and it looks at its Pods' addresses itself.
 */
import { readFileSync } from 'node:fs';
import { route4, route6, routedTo } from '../domain/routes.js';

export function linksTo(addresses: readonly string[]): readonly string[] {
  if (addresses.length === 0) return [];
  const routes = [
    ...lines('/proc/self/net/route').flatMap((line) => route4(line) ?? []),
    ...lines('/proc/self/net/ipv6_route').flatMap((line) => route6(line) ?? []),
  ];
  return routedTo(addresses, routes);
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return []; // No such family.
  }
}
