/**
 * Who may come in from the edge: clas-cache with its cluster's id and token, a C-VEN with a pairing key and the
 * machine-id of a node that Kubelink reported. A refusal says one thing to the caller and is recorded with its reason.
 */
import { oneAtATimePer } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { CallError } from '@ringfence/bus';
import type { BusMetrics } from '@ringfence/bus';
import type { CALLS } from '@ringfence/contracts';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { ContainerCluster } from '../../domain/container-cluster.decider.js';
import { containerClusters } from '../../read/inventory-documents.js';
import { suspensionOf } from '../../read/suspensions.js';
import type { ClusterAccounts } from './cluster-accounts.client.js';
import { isTokenOf, noteRefused } from './cluster-tokens.store.js';
import { pairNode, WrongPairing } from './pairing.js';
import type { PairedNode, PairRequest } from './pairing.js';

type Exchange = (typeof CALLS)['exchangeToken'];

export interface EdgeAdmission {
  exchangeToken(request: z.output<Exchange['request']>): Promise<z.output<Exchange['response']>>;
  pairNode(request: PairRequest): Promise<PairedNode>;
}
export interface AdmissionParts {
  readonly store: EventStore;
  readonly accounts: ClusterAccounts;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly metrics: BusMetrics;
}

/** Refused attempts are kept for this long. */
const MAX_CLUSTER_LENGTH = 64;

export function edgeAdmission(parts: AdmissionParts): EdgeAdmission {
  // Two attempts of one machine must not make two nodes; other machines, and everything else here, do not wait for it.
  const pairing = oneAtATimePer();
  return {
    exchangeToken: async ({ cluster, token }) => {
      const { name } = await authenticated(parts, 'exchange', cluster, token);
      await notSuspended(parts.store, cluster);
      const uplink = await parts.accounts.uplink(cluster);
      parts.logger.info({ cluster }, 'cluster token exchanged');
      return { ...uplink, clusterName: name };
    },
    pairNode: async (request) => {
      await authenticated(parts, 'pair', request.cluster, request.token);
      return pairing(request.cluster + request.machineId, () => paired(parts, request));
    },
  };
}

/** Throws CallError. */
async function notSuspended({ entities }: EventStore, cluster: string): Promise<void> {
  const suspension = await suspensionOf(entities, cluster);
  if (suspension === null || suspension.until.getTime() <= Date.now()) return;
  const words = `it said far more than its share: its account rests until ${suspension.until.toISOString()}`;
  throw CallError.of('RESOURCE_EXHAUSTED', 'cluster_suspended', words);
}

async function paired(parts: AdmissionParts, request: PairRequest): Promise<PairedNode> {
  try {
    return await pairNode(parts.store, request);
  } catch (error) {
    if (!(error instanceof WrongPairing)) throw error;
    return refuse(parts, 'pair', request.cluster, error.message);
  }
}

async function authenticated(
  parts: AdmissionParts,
  what: string,
  cluster: string,
  token: string,
): Promise<ContainerCluster> {
  const { store } = parts;
  const found = await containerClusters.get(store.entities, cluster);
  const isRight = await isTokenOf(store.entities, cluster, token);
  if (found === null || found.deletedAt !== null) return refuse(parts, what, cluster, 'no such cluster');
  if (!isRight) return refuse(parts, what, cluster, 'wrong token');
  return found.body;
}

/** The caller does not learn whether the id or the token was wrong. */
async function refuse(parts: AdmissionParts, what: string, cluster: string, reason: string): Promise<never> {
  await noteRefused(parts.store.entities, { cluster, what, reason });
  parts.metrics.counter('inventory_edge_refusals_total', 'Edges that were not let in').add(1, { what });
  parts.logger.warn({ cluster: cluster.slice(0, MAX_CLUSTER_LENGTH), what, reason }, 'edge refused');
  throw CallError.of(
    'UNAUTHENTICATED',
    'cluster_authentication_failed',
    'wrong cluster id, cluster token or pairing key',
  );
}
