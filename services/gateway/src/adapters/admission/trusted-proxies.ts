/** Which proxies are believed about whom they speak for, in memory: renewed behind the requests, and at once where this process changes it. */
import type { EntityManager } from 'typeorm';
import { trustedProxies } from '../../read/trusted-proxies.js';
import { addressesOf } from './addresses.js';
import type { Addresses } from './addresses.js';

const FRESH_MS = 5_000;

export interface TrustedProxies {
  readonly trusts: Addresses;
  renew(): Promise<void>;
}

export async function knownProxies(
  entities: EntityManager,
  onError: (error: unknown) => void,
): Promise<TrustedProxies> {
  let known: Addresses = () => false;
  let readAt = -Infinity;
  const renew = async (): Promise<void> => {
    readAt = performance.now();
    const { trusted_proxy_ips: proxies } = await trustedProxies.get(entities);
    known = addressesOf(proxies.map(({ ip }) => ip));
  };
  await renew();
  return {
    trusts: (address) => {
      if (performance.now() - readAt > FRESH_MS) renew().catch(onError);
      return known(address);
    },
    renew,
  };
}
