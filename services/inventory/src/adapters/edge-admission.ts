/**
 * Who may come in from the edge: clas-cache with its cluster's id and token, a C-VEN with a pairing key and the
 * machine-id of a node that Kubelink reported. A refusal says one thing to the caller and is recorded with its reason.
 */
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import { execute } from '@ringfence/resources';
import { randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import type { BusMetrics } from '@ringfence/bus';
import type { CALLS } from '@ringfence/contracts';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { duplicateMachineIds } from '../domain/cluster-status.calculator.js';
import type { ContainerCluster } from '../domain/container-cluster.decider.js';
import type { PairingProfile } from '../domain/pairing-profile.decider.js';
import type { Workload } from '../domain/workload.decider.js';
import { workloadDecider } from '../domain/workload.decider.js';
import { containerClusters, pairingProfiles } from '../read/inventory-documents.js';
import { noteAgentPaired } from './agents.store.js';
import type { ClusterAccounts } from './cluster-accounts.client.js';
import { streamOf } from './stream.js';
import { liveNodes } from './observed.store.js';
import type { ObservedNode } from './observed.store.js';
import { findKey, noteUse } from './pairing-keys.store.js';
import { isSecret } from './secret.js';

type Request<Name extends 'exchangeToken' | 'pairNode'> = z.output<(typeof CALLS)[Name]['request']>;
type Response<Name extends 'exchangeToken' | 'pairNode'> = z.output<(typeof CALLS)[Name]['response']>;

export interface EdgeAdmission {
  exchangeToken(request: Request<'exchangeToken'>): Promise<Response<'exchangeToken'>>;
  pairNode(request: Request<'pairNode'>): Promise<Response<'pairNode'>>;
}
export interface AdmissionParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly accounts: ClusterAccounts;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly metrics: BusMetrics;
}

/** Refused attempts are kept for this long. */
const ATTEMPTS_KEPT = '30 days';
const MAX_CLUSTER_LENGTH = 64;

export function edgeAdmission(parts: AdmissionParts): EdgeAdmission {
  return {
    exchangeToken: async ({ cluster, token }) => {
      const { name } = await authenticated(parts, 'exchange', cluster, token);
      const uplink = await parts.accounts.uplink(cluster);
      parts.logger.info({ cluster }, 'cluster token exchanged');
      return { ...uplink, clusterName: name };
    },
    pairNode: async (request) => {
      await authenticated(parts, 'pair', request.cluster, request.token);
      return parts.oneAtATime(() => pair(parts, request));
    },
  };
}

async function authenticated(
  parts: AdmissionParts,
  what: string,
  cluster: string,
  token: string,
): Promise<ContainerCluster> {
  const { store } = parts;
  const found = await containerClusters.get(store.pool, cluster);
  const { rows } = await store.pool.query<{ hash: string }>(
    'select hash from cluster_tokens where cluster = $1',
    [cluster],
  );
  if (found === null || found.deletedAt !== null) return refuse(parts, what, cluster, 'no such cluster');
  if (!(await isSecret(token, rows[0]?.hash ?? ''))) return refuse(parts, what, cluster, 'wrong token');
  return found.body;
}

/** The caller does not learn whether the id or the token was wrong. */
async function refuse(parts: AdmissionParts, what: string, cluster: string, reason: string): Promise<never> {
  await parts.store.pool.query('insert into refused_attempts (cluster, what, reason) values ($1, $2, $3)', [
    cluster.slice(0, MAX_CLUSTER_LENGTH),
    what,
    reason,
  ]);
  await parts.store.pool.query(`delete from refused_attempts where at < now() - interval '${ATTEMPTS_KEPT}'`);
  parts.metrics.counter('inventory_edge_refusals_total', 'Edges that were not let in').add(1, { what });
  parts.logger.warn({ cluster: cluster.slice(0, MAX_CLUSTER_LENGTH), what, reason }, 'edge refused');
  throw CallError.of(
    'UNAUTHENTICATED',
    'cluster_authentication_failed',
    'wrong cluster id, cluster token or pairing key',
  );
}

async function pair(parts: AdmissionParts, request: Request<'pairNode'>): Promise<Response<'pairNode'>> {
  const { store } = parts;
  const now = new Date();
  const key = await findKey(store.pool, request.pairingKey, now);
  if (key === null) return refuse(parts, 'pair', request.cluster, 'wrong or revoked pairing key');
  const profile = await pairingProfiles.get(store.pool, key.profile);
  if (profile === null || profile.deletedAt !== null || !profile.body.enabled) {
    return refuse(parts, 'pair', request.cluster, 'pairing profile disabled or deleted');
  }
  const node = await reportedNode(store, request);
  const paired = await workloadOf(store, request.cluster, node.name);
  if (paired === null && !key.pairsNewNodes)
    return refuse(parts, 'pair', request.cluster, 'pairing key spent or expired');
  const workload = paired ?? (await createWorkload(store, request.cluster, node, profile.body));
  if (paired === null) await noteUse(store.pool, key.id, now);
  await noteAgentPaired(store.pool, {
    cluster: request.cluster,
    node: node.name,
    machineId: request.machineId,
    version: request.version,
    at: now,
  });
  return { node: node.name, workload };
}

/** The one live node of this machine-id; several mean that none of them is paired until it is resolved. */
async function reportedNode(
  store: EventStore,
  { cluster, machineId }: Request<'pairNode'>,
): Promise<ObservedNode> {
  const nodes = await liveNodes(store.pool, cluster);
  const duplicate = duplicateMachineIds(nodes).find((each) => each.machineId === machineId);
  if (duplicate !== undefined) {
    const message = `nodes ${duplicate.nodes.join(', ')} have the same machine-id ${machineId}: give each its own`;
    throw CallError.of('FAILED_PRECONDITION', 'duplicate_machine_id', message);
  }
  const node = nodes.find((each) => each.machineId === machineId);
  if (node === undefined) {
    throw CallError.of(
      'FAILED_PRECONDITION',
      'node_not_reported',
      `kubelink has not reported a node of machine-id ${machineId}: try again`,
    );
  }
  return node;
}

async function workloadOf(store: EventStore, cluster: string, node: string): Promise<string | null> {
  const { rows } = await store.pool.query<{ body: Workload }>(
    `select body from workloads where cluster = $1 and body->>'node' = $2 and deleted_at is null`,
    [cluster, node],
  );
  return rows[0]?.body.id ?? null;
}

async function createWorkload(
  store: EventStore,
  cluster: string,
  node: ObservedNode,
  profile: PairingProfile,
): Promise<string> {
  const id = randomUUID();
  const { labels, mode, visibilityLevel } = profile;
  const pairing = { id, cluster, node: node.name, labels, mode, visibilityLevel, addresses: node.addresses };
  const actor = { kind: 'agent', id: node.name } as const;
  await execute(
    store,
    workloadDecider,
    { stream: streamOf.workload(id), actor, cluster },
    { type: 'pair', pairing },
  );
  return id;
}
