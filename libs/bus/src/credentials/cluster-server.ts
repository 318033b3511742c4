/** The accounts of a cluster's own server: one account; clas-cache signs the users of kubelink and the nodes itself. */
import type { Credentials } from '../bus.js';
import type { ServiceManifest } from '@ringfence/contracts';
import { mintAccount, mintOperator, mintUser } from './claims.js';
import type { MintedUser } from './claims.js';
import { createKeys, deriveAccountKeys } from './keys.js';
import { kubelinkPermissions, nodePermissions, servicePermissions } from './permissions.js';

/** Made by whoever installs the cluster's server; the signing seed goes to clas-cache and never leaves the cluster. */
export interface ClusterServerKeys {
  readonly operator: { readonly jwt: string; readonly seed: string };
  readonly system: { readonly account: string; readonly jwt: string };
  readonly account: string;
  readonly accountJwt: string;
  readonly signingSeed: string;
  readonly clasCache: Credentials;
}

export async function mintClusterServer(clasCache: ServiceManifest): Promise<ClusterServerKeys> {
  const operator = createKeys('operator');
  const system = deriveAccountKeys(operator.seed, 'system');
  const account = deriveAccountKeys(operator.seed, 'cluster');
  const signing = createKeys('account');
  return {
    operator: {
      seed: operator.seed,
      jwt: await mintOperator('ringfence-cluster', operator.seed, system.publicKey),
    },
    system: {
      account: system.publicKey,
      jwt: await mintAccount({
        name: 'SYS',
        publicKey: system.publicKey,
        operatorSeed: operator.seed,
        jetstream: false,
      }),
    },
    account: account.publicKey,
    accountJwt: await mintAccount({
      name: 'CLUSTER',
      publicKey: account.publicKey,
      operatorSeed: operator.seed,
      jetstream: true,
      signingKeys: [signing.publicKey],
    }),
    signingSeed: signing.seed,
    clasCache: await mintUser({
      name: 'clas-cache',
      issuerSeed: account.seed,
      account: account.publicKey,
      permissions: servicePermissions(clasCache, 'cluster'),
    }),
  };
}

export interface ClusterSigner {
  readonly signingSeed: string;
  readonly account: string;
  readonly cluster: string;
  readonly expiresInSeconds: number;
}

export function mintKubelinkUser(signer: ClusterSigner, publicKey?: string): Promise<MintedUser> {
  return mintUser({
    name: 'kubelink',
    issuerSeed: signer.signingSeed,
    account: signer.account,
    permissions: kubelinkPermissions(signer.cluster),
    expiresInSeconds: signer.expiresInSeconds,
    ...(publicKey !== undefined && { publicKey }),
  });
}

/** With the agent's own public key no seed is made, and none travels. */
export function mintNodeUser(signer: ClusterSigner, node: string, publicKey?: string): Promise<MintedUser> {
  return mintUser({
    name: node,
    issuerSeed: signer.signingSeed,
    account: signer.account,
    permissions: nodePermissions(signer.cluster, node),
    expiresInSeconds: signer.expiresInSeconds,
    ...(publicKey !== undefined && { publicKey }),
  });
}
