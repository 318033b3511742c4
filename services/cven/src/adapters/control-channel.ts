/** Where clas-cache and the cluster's NATS are, as addresses, and whether a new connection to them works. */
import { lookup } from 'node:dns/promises';
import { isAnswering } from '@ringfence/service-host';
import type { RemotePort } from '../domain/host-essentials.js';

const CONNECT_TIMEOUT_MS = 1_500;
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'nats:': 4222,
  'tls:': 4222,
};

/** `urls` may hold several, comma-separated. A name that does not resolve now is left out. */
export async function controlEndpoints(urls: readonly string[]): Promise<RemotePort[]> {
  const parsed = urls.flatMap((list) => list.split(',')).map((url) => new URL(url.trim()));
  const resolved = await Promise.all(
    parsed.map(async ({ protocol, hostname, port }) => {
      const addresses = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => []);
      return addresses.map(({ address }) => ({
        address,
        port: port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port),
      }));
    }),
  );
  return resolved.flat();
}

/** Those that answer a new connection, in words. */
export async function reachable(remotes: readonly RemotePort[]): Promise<string[]> {
  const reached = await Promise.all(remotes.map((remote) => isAnswering(remote, CONNECT_TIMEOUT_MS)));
  return remotes.flatMap(({ address, port }, i) => (reached[i] === true ? [`${address}:${port}`] : []));
}
