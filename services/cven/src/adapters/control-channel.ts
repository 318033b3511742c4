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

/** Undefined: nobody says now. */
export type Resolve = (name: string) => Promise<readonly string[] | undefined>;

export class ControlChannel {
  /** By name. */
  private readonly known = new Map<string, readonly string[]>();

  constructor(private readonly resolve: Resolve = resolved) {}

  /**
   * `urls` may hold several, comma-separated. A name that does not resolve now leads where it led before: a name server that is
   * away must not close the way by which the agent goes on.
   */
  async endpoints(urls: readonly string[]): Promise<RemotePort[]> {
    const parsed = urls.flatMap((list) => list.split(',')).map((url) => new URL(url.trim()));
    const remotes = await Promise.all(
      parsed.map(async ({ protocol, hostname, port: given }) => {
        const port = given === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(given);
        return (await this.addressesOf(hostname)).map((address) => ({ address, port }));
      }),
    );
    return remotes.flat();
  }

  private async addressesOf(name: string): Promise<readonly string[]> {
    const addresses = await this.resolve(name.replace(/^\[|\]$/g, ''));
    if (addresses !== undefined) this.known.set(name, addresses);
    return this.known.get(name) ?? [];
  }
}

const resolved: Resolve = (name) =>
  lookup(name, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => undefined,
  );

/** Those that answer a new connection, in words. */
export async function reachable(remotes: readonly RemotePort[]): Promise<string[]> {
  const reached = await Promise.all(remotes.map((remote) => isAnswering(remote, CONNECT_TIMEOUT_MS)));
  return remotes.flatMap(({ address, port }, i) => (reached[i] === true ? [`${address}:${port}`] : []));
}
