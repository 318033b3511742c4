/** All addresses of the node's network namespace, as its Pods may see them: bridges and tunnels too, never loopback or link-local. */
import { networkInterfaces } from 'node:os';

export function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [
    ...new Set(
      all
        .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
        .map(({ address }) => address),
    ),
  ].sort();
}
