/**
 * The control server's accounts. CORE holds the streams and the services; each cluster has an account of its own that
 * imports its own subjects of CORE and nothing else. With permissions inside one shared account an edge could have the
 * server deliver to another cluster's subjects, by the reply subject of MSG.NEXT; between accounts it cannot.
 */
import type { Exports, Imports } from '@nats-io/jwt';
import type { ServiceManifest } from '@ringfence/contracts';
import type { Credentials } from '../bus.js';
import { mintAccount, mintOperator, mintUser } from './claims.js';
import type { MintedUser } from './claims.js';
import { createKeys, deriveAccountKeys, keysOfSeed } from './keys.js';
import type { NatsKeys } from './keys.js';
import {
  servicePermissions,
  uplinkDurable,
  uplinkPermissions,
  uplinkQuestions,
  uplinkSubjects,
} from './permissions.js';

const UPLINK_LIMITS = { payload: 4 * 1024 ** 2, subs: 64 };
const UPLINK_CONNECTIONS = 3;

const EXPORTS: Exports = [
  ...['obs.>', 'agent.>', 'flow.>', 'ack.>', 'answer.>', '$JS.ACK.POLICY.>'].map((subject) => ({
    name: subject,
    subject,
    type: 'service' as const,
    response_type: 'Singleton' as const,
  })),
  {
    name: 'policy',
    subject: '$JS.API.CONSUMER.MSG.NEXT.POLICY.*',
    type: 'service',
    response_type: 'Stream',
  },
  // Questions go down as a stream: what an edge answers is a subject of its own, never the reply subject of ours.
  { name: 'questions', subject: 'ask.>', type: 'stream' },
];

/** Everything that whoever installs a control server needs, made once. Seeds are secrets. */
export interface ControlPlaneKeys {
  readonly operator: NatsKeys & { readonly jwt: string };
  readonly system: { readonly account: string; readonly jwt: string; readonly user: Credentials };
  readonly core: { readonly account: string; readonly jwt: string; readonly seed: string };
  /** By service name. */
  readonly services: Readonly<Record<string, Credentials>>;
}

export async function mintControlPlane(manifests: readonly ServiceManifest[]): Promise<ControlPlaneKeys> {
  const operator = createKeys('operator');
  const system = deriveAccountKeys(operator.seed, 'system');
  const core = deriveAccountKeys(operator.seed, 'core');
  const systemUser = await mintUser({
    name: 'system',
    issuerSeed: system.seed,
    account: system.publicKey,
    permissions: {},
  });
  const services = await Promise.all(
    manifests.map(
      async (manifest) => [manifest.service, await mintServiceUser(core.seed, manifest)] as const,
    ),
  );
  return {
    operator: { ...operator, jwt: await mintOperator('ringfence', operator.seed, system.publicKey) },
    system: {
      account: system.publicKey,
      jwt: await mintAccount({
        name: 'SYS',
        publicKey: system.publicKey,
        operatorSeed: operator.seed,
        jetstream: false,
      }),
      user: systemUser,
    },
    core: {
      account: core.publicKey,
      seed: core.seed,
      jwt: await mintAccount({
        name: 'CORE',
        publicKey: core.publicKey,
        operatorSeed: operator.seed,
        jetstream: true,
        exports: EXPORTS,
      }),
    },
    services: Object.fromEntries(services),
  };
}

function mintServiceUser(coreSeed: string, manifest: ServiceManifest): Promise<MintedUser> {
  return mintUser({
    name: manifest.service,
    issuerSeed: coreSeed,
    account: keysOfSeed(coreSeed).publicKey,
    permissions: servicePermissions(manifest, 'control'),
  });
}

/** One cluster's account; push `jwt` to the server with `pushAccount`. Derived: the same for the same operator and cluster. */
export interface ClusterAccount extends NatsKeys {
  readonly jwt: string;
}

export async function mintClusterAccount(options: {
  readonly operatorSeed: string;
  readonly coreAccount: string;
  readonly cluster: string;
  /** What was signed for it up to then is worth nothing any more. */
  readonly revokedUpTo?: Date | undefined;
}): Promise<ClusterAccount> {
  const keys = deriveAccountKeys(options.operatorSeed, `cluster ${options.cluster}`);
  const imported = (type: 'service' | 'stream') => (subject: string) => ({
    name: subject,
    subject,
    account: options.coreAccount,
    type,
  });
  const imports: Imports = [
    ...uplinkSubjects(options.cluster).map(imported('service')),
    ...uplinkQuestions(options.cluster).map(imported('stream')),
  ];
  const jwt = await mintAccount({
    name: options.cluster,
    publicKey: keys.publicKey,
    operatorSeed: options.operatorSeed.trim(),
    jetstream: false,
    imports,
    connections: UPLINK_CONNECTIONS,
    ...(options.revokedUpTo !== undefined && {
      revokedUpTo: Math.floor(options.revokedUpTo.getTime() / 1_000),
    }),
  });
  return { ...keys, jwt };
}

export function mintUplinkUser(
  account: NatsKeys,
  cluster: string,
  expiresInSeconds: number,
): Promise<MintedUser> {
  return mintUser({
    name: uplinkDurable(cluster),
    issuerSeed: account.seed,
    account: account.publicKey,
    permissions: uplinkPermissions(cluster),
    limits: UPLINK_LIMITS,
    expiresInSeconds,
  });
}
