/**
 * The accounts of a cluster's own server. CLUSTER holds the streams and clas-cache; every node, and Kubelink, has an account of
 * its own that imports its own subjects and nothing else. Between accounts a reply subject leads back to whoever asked:
 * inside one account it would be a destination, and an edge could have the server publish where it may not.
 */
import type { Exports, Imports } from '@nats-io/jwt';
import { subjects, subjectToken } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import type { Credentials } from '../bus.js';
import { mintAccount, mintOperator, mintUser } from './claims.js';
import type { MintedUser } from './claims.js';
import { createKeys, deriveAccountKeys } from './keys.js';
import type { NatsKeys } from './keys.js';
import { servicePermissions } from './permissions.js';

/** Made by whoever installs the cluster's server. */
export interface ClusterServerKeys {
  readonly operator: { readonly jwt: string; readonly seed: string };
  /** Of the operator; for clas-cache, which signs the accounts of nodes with it. It never leaves the cluster. */
  readonly signingSeed: string;
  readonly system: {
    readonly account: string;
    readonly jwt: string;
    /** For clas-cache: may make accounts known, and nothing else. */
    readonly user: Credentials;
  };
  readonly account: string;
  readonly accountJwt: string;
  readonly clasCache: Credentials;
}

/** The durable that Kubelink reads readiness through; clas-cache makes it. */
export const KUBELINK_DURABLE = 'kubelink';
const KUBELINK_KINDS = [
  'namespace',
  'node',
  'networkpolicy',
  'workload',
  'pod',
  'service',
  'cluster',
  'list',
];
/** What nodes ask clas-cache, each by its own name. */
const QUESTIONS = ['node-snapshot', 'witness'].map((name) => subjects.call('clas-cache', name));
/** Calls that nobody answers hold a place in the server's memory for so long. */
const ANSWER_WITHIN_NS = 10_000_000_000;
const CONNECTIONS = 3;
const MIB = 1024 ** 2;
const NODE_LIMITS = { payload: MIB, subs: 16 };
const KUBELINK_LIMITS = { payload: 2 * MIB, subs: 32 };

const service = (subject: string) =>
  ({ name: subject, subject, type: 'service', response_type: 'Singleton' }) as const;

const EXPORTS: Exports = [
  ...['agent.*.heartbeat.*', 'agent.*.sandboxes.*', 'flow.*.batch.*', 'ack.*.node.*'].map(service),
  ...QUESTIONS.map((question) => ({ ...service(`${question}.*`), response_threshold: ANSWER_WITHIN_NS })),
  { name: 'views', subject: 'policy.*.view.*', type: 'stream' },
  { name: 'relists', subject: 'policy.*.relist.kubelink', type: 'stream' },
  ...KUBELINK_KINDS.map((kind) => service(`obs.*.${kind}.*`)),
  service(`$JS.ACK.READINESS.${KUBELINK_DURABLE}.>`),
  {
    ...service(`$JS.API.CONSUMER.MSG.NEXT.READINESS.${KUBELINK_DURABLE}`),
    response_type: 'Stream',
  },
];

export async function mintClusterServer(clasCache: ServiceManifest): Promise<ClusterServerKeys> {
  const operator = createKeys('operator');
  const signing = createKeys('operator');
  const system = deriveAccountKeys(operator.seed, 'system');
  const account = deriveAccountKeys(operator.seed, 'cluster');
  const accountOf = (name: string, keys: NatsKeys, jetstream: boolean, exports: Exports): Promise<string> =>
    mintAccount({ name, publicKey: keys.publicKey, operatorSeed: operator.seed, jetstream, exports });
  return {
    operator: {
      seed: operator.seed,
      jwt: await mintOperator('ringfence-cluster', operator.seed, system.publicKey, [signing.publicKey]),
    },
    signingSeed: signing.seed,
    system: {
      account: system.publicKey,
      jwt: await accountOf('SYS', system, false, []),
      user: await mintUser({
        name: 'clas-cache-accounts',
        issuerSeed: system.seed,
        account: system.publicKey,
        permissions: { pub: { allow: ['$SYS.REQ.CLAIMS.UPDATE'] }, sub: { allow: ['_INBOX.>'] } },
      }),
    },
    account: account.publicKey,
    accountJwt: await accountOf('CLUSTER', account, true, EXPORTS),
    clasCache: await mintUser({
      name: 'clas-cache',
      issuerSeed: account.seed,
      account: account.publicKey,
      permissions: servicePermissions(clasCache, 'cluster'),
    }),
  };
}

export interface ClusterSigner {
  /** The operator's signing seed. */
  readonly signingSeed: string;
  /** The account that the edge's own imports from. */
  readonly account: string;
  readonly cluster: string;
  readonly expiresInSeconds: number;
}

/** What one edge may say and hear on the cluster's server. */
interface EdgeSubjects {
  readonly purpose: string;
  readonly says: readonly string[];
  readonly hears: readonly string[];
  readonly limits: { readonly payload: number; readonly subs: number };
}

const kubelinkSubjects = (cluster: string): EdgeSubjects => ({
  purpose: `kubelink ${cluster}`,
  says: [
    ...KUBELINK_KINDS.map((kind) => `obs.${cluster}.${kind}.*`),
    `$JS.API.CONSUMER.MSG.NEXT.READINESS.${KUBELINK_DURABLE}`,
    `$JS.ACK.READINESS.${KUBELINK_DURABLE}.>`,
  ],
  hears: [subjects.relist(cluster)],
  limits: KUBELINK_LIMITS,
});

const nodeSubjects = (cluster: string, node: string): EdgeSubjects => ({
  purpose: `node ${cluster} ${node}`,
  says: [
    subjects.heartbeat(cluster, node),
    subjects.sandboxes(cluster, node),
    subjects.ack(cluster, node),
    subjects.flow(cluster, node),
    ...QUESTIONS.map((question) => `${question}.${subjectToken(node)}`),
  ],
  hears: [subjects.nodeView(cluster, node)],
  limits: NODE_LIMITS,
});

/** To be made known to the server (`pushAccount`) before its credential is handed out: an unknown account is refused late. */
export function mintKubelinkAccount(signer: ClusterSigner): Promise<string> {
  return mintEdgeAccount(signer, kubelinkSubjects(signer.cluster));
}

/** `revokedUpTo`: seconds since the epoch; credentials of the node that were signed up to then are cut off. */
export function mintNodeAccount(signer: ClusterSigner, node: string, revokedUpTo?: number): Promise<string> {
  return mintEdgeAccount(signer, nodeSubjects(signer.cluster, node), revokedUpTo);
}

export function mintKubelinkUser(signer: ClusterSigner, publicKey?: string): Promise<MintedUser> {
  return mintEdgeUser(signer, 'kubelink', kubelinkSubjects(signer.cluster), publicKey);
}

/** With the agent's own public key no seed is made, and none travels. */
export function mintNodeUser(signer: ClusterSigner, node: string, publicKey?: string): Promise<MintedUser> {
  return mintEdgeUser(signer, node, nodeSubjects(signer.cluster, node), publicKey);
}

/** Derived: the same for the same signing key and edge, so that nothing has to be kept per node. */
const keysOf = (signer: ClusterSigner, { purpose }: EdgeSubjects): NatsKeys =>
  deriveAccountKeys(signer.signingSeed, purpose);

function mintEdgeAccount(signer: ClusterSigner, edge: EdgeSubjects, revokedUpTo?: number): Promise<string> {
  const imported = (type: 'service' | 'stream') => (subject: string) => ({
    ...{ name: subject, subject, type, account: signer.account },
  });
  const imports: Imports = [...edge.says.map(imported('service')), ...edge.hears.map(imported('stream'))];
  return mintAccount({
    name: edge.purpose,
    publicKey: keysOf(signer, edge).publicKey,
    operatorSeed: signer.signingSeed,
    jetstream: false,
    imports,
    connections: CONNECTIONS,
    ...(revokedUpTo !== undefined && { revokedUpTo }),
  });
}

function mintEdgeUser(
  signer: ClusterSigner,
  name: string,
  edge: EdgeSubjects,
  publicKey?: string,
): Promise<MintedUser> {
  const keys = keysOf(signer, edge);
  return mintUser({
    name,
    issuerSeed: keys.seed,
    account: keys.publicKey,
    permissions: { pub: { allow: [...edge.says] }, sub: { allow: [...edge.hears, '_INBOX.>'] } },
    limits: edge.limits,
    expiresInSeconds: signer.expiresInSeconds,
    ...(publicKey !== undefined && { publicKey }),
  });
}
