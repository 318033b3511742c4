/** Who is let into the cluster's NATS: the desk that gives credentials, and the accounts behind them. */
import { readFileSync } from 'node:fs';
import { credsFile, ensureKubelinkDurable, pushAccount, TransientError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { HostContext } from '@ringfence/service-host';
import { z } from 'zod';
import type { Config } from '../../config.js';
import type { StateFiles } from '../store/state-files.store.js';
import type { ControlPlaneClient } from '../uplink/control-plane.client.js';
import { CredentialDesk, EXPIRES_IN_SECONDS, KeptPairings } from './credential-desk.js';
import { EdgeAccounts, Revocations } from './edge-accounts.js';
import { UnpairedNodes } from './unpaired-nodes.js';
import type { Vouching } from './vouching.js';

type Context = HostContext<Config>;

export interface AdmissionOptions {
  readonly files: StateFiles;
  readonly controlPlane: ControlPlaneClient;
  readonly vouching: Vouching;
  /** Undefined: the cluster's NATS is not there yet. */
  readonly bus: () => Bus | undefined;
  /** Why the control plane refuses this cluster; null: it does not. */
  readonly refusedBecause: () => string | null;
}

export interface Admission {
  /** Undefined: the cluster's NATS asks for no credentials. */
  readonly accounts: EdgeAccounts | undefined;
  readonly desk: CredentialDesk;
}

export function openAdmission(context: Context, options: AdmissionOptions): Admission {
  const { config } = context;
  const { files, controlPlane, vouching, refusedBecause } = options;
  const accounts = openAccounts(context, options);
  const cluster = config.CLUSTER_ID;
  const desk = new CredentialDesk(
    {
      cluster,
      token: config.CLUSTER_TOKEN,
      natsUrl: publicUrl(config),
      ...(accounts !== undefined && { accounts }),
      controlPlane,
      vouching,
      refusedBecause,
      keep: (pairings) => files.write('pairings', () => ({ cluster, pairings })),
    },
    keptOf(cluster).safeParse(files.read('pairings')).data?.pairings,
  );
  return { accounts, desk };
}

/** What another cluster's control plane has accepted is accepted by nobody here. */
const keptOf = (cluster: string) => z.object({ cluster: z.literal(cluster), pairings: KeptPairings });

/** Where Kubelink and C-VENs are sent. */
export const publicUrl = (config: Config): string => config.CLUSTER_NATS_PUBLIC_URL ?? config.NATS_URL;

function openAccounts(
  { config, logger }: Context,
  { files, bus }: AdmissionOptions,
): EdgeAccounts | undefined {
  const { CLUSTER_NATS_SIGNING_KEY: keyFile, CLUSTER_NATS_ACCOUNT: account, CLUSTER_ID: cluster } = config;
  const system = config.CLUSTER_NATS_SYSTEM_CREDS;
  if (keyFile === undefined || account === undefined || system === undefined) return undefined;
  const signingSeed = readFileSync(keyFile, 'utf8').trim();
  logger.info({ account }, 'every node gets an account of its own');
  return new EdgeAccounts(
    {
      signer: { signingSeed, account, cluster, expiresInSeconds: EXPIRES_IN_SECONDS },
      push: (jwt) => pushAccount(config.NATS_URL, credsFile(system)(), jwt, config.RINGFENCE_CA),
      makeReadinessDurable: async () => {
        const connected = bus();
        if (connected === undefined) throw new TransientError("the cluster's NATS is away");
        await ensureKubelinkDurable(connected, cluster);
      },
      keep: (revoked) => files.write('revocations', () => revoked),
    },
    Revocations.safeParse(files.read('revocations')).data,
  );
}

/** Undefined: there are no credentials to revoke. */
export function followUnpaired(
  { logger }: Context,
  { accounts, desk }: Admission,
  unpaired: () => readonly string[],
): UnpairedNodes | undefined {
  return accounts && new UnpairedNodes({ accounts, desk, logger, unpaired });
}
