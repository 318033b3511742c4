/**
 * NATS on the control side, per cluster: an account of its own, the durable it reads policy through, and the uplink
 * credential of its clas-cache. Without an operator key the server has no accounts; the edge then connects as it is.
 */
import { readFileSync } from 'node:fs';
import {
  credsFile,
  ensureUplinkDurable,
  keepUplinkDurable,
  mintClusterAccount,
  mintUplinkUser,
  pushAccount,
} from '@ringfence/bus';
import type { Bus, ClusterAccount } from '@ringfence/bus';

export interface UplinkCredential {
  readonly natsUrl: string;
  /** Empty without accounts. */
  readonly jwt: string;
  readonly seed: string;
  readonly expiresAt: string;
}
export interface ClusterAccounts {
  uplink(cluster: string): Promise<UplinkCredential>;
  /** Nothing of it may be missing on a server that forgot: who holds a credential comes in again with it. */
  keep(cluster: string): Promise<void>;
  /** Makes known up to when what the cluster holds is worth nothing any more, also on connections that stand. */
  revoke(cluster: string): Promise<void>;
  /** The cluster is deleted: what it held can do nothing any more. */
  remove(cluster: string): Promise<void>;
}
export interface AccountSettings {
  readonly natsUrl: string;
  readonly uplinkUrl: string | undefined;
  readonly operatorKeyPath: string | undefined;
  readonly coreAccount: string | undefined;
  readonly systemCredsPath: string | undefined;
  readonly uplinkSeconds: number;
  readonly caFile: string | undefined;
  /** What was signed for the cluster before is worth nothing, whenever its account is made known. */
  readonly revokedUpTo: (cluster: string) => Promise<Date | undefined>;
}

export function clusterAccounts(bus: Bus, settings: AccountSettings): ClusterAccounts {
  const { operatorKeyPath, coreAccount, systemCredsPath } = settings;
  const natsUrl = settings.uplinkUrl ?? settings.natsUrl;
  const expiresAt = (): string => new Date(Date.now() + settings.uplinkSeconds * 1_000).toISOString();
  if (operatorKeyPath === undefined || coreAccount === undefined || systemCredsPath === undefined) {
    return {
      uplink: async (cluster) => {
        await ensureUplinkDurable(bus, cluster);
        return { natsUrl, jwt: '', seed: '', expiresAt: expiresAt() };
      },
      keep: (cluster) => keepUplinkDurable(bus, cluster),
      revoke: async () => undefined,
      remove: async () => undefined,
    };
  }
  const pushed = async (cluster: string): Promise<ClusterAccount> => {
    const operatorSeed = readFileSync(operatorKeyPath, 'utf8').trim();
    const revokedUpTo = await settings.revokedUpTo(cluster);
    const account = await mintClusterAccount({ operatorSeed, coreAccount, cluster, revokedUpTo });
    await pushAccount(settings.natsUrl, credsFile(systemCredsPath)(), account.jwt, settings.caFile);
    return account;
  };
  return {
    uplink: async (cluster) => {
      const account = await pushed(cluster);
      await ensureUplinkDurable(bus, cluster);
      const user = await mintUplinkUser(account, cluster, settings.uplinkSeconds);
      return { natsUrl, jwt: user.jwt, seed: user.seed, expiresAt: user.expiresAt ?? expiresAt() };
    },
    keep: async (cluster) => {
      // First what is read through, then who may read: nobody comes to a durable that is not there.
      await keepUplinkDurable(bus, cluster);
      await pushed(cluster);
    },
    revoke: async (cluster) => void (await pushed(cluster)),
    // Its credential ends by itself within `uplinkSeconds`, and a new one needs the token, whose hash is gone.
    remove: async () => undefined,
  };
}
