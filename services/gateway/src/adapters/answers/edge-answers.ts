/**
 * What clusters ask over HTTPS: a token for a credential, an activation for a node. Their proof is in the body. A refused attempt is
 * recorded and counted, and its answer does not say which part was wrong.
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, EdgeExchange, EdgePair } from '@ringfence/contracts';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { refuse } from '../../domain/refusal.js';
import type { RefusedRequest } from '../../read/audit-events.js';
import { called } from './owner-answers.js';

export type RecordRefusal = (refused: RefusedRequest) => void;

const WRONG = new Set(['UNAUTHENTICATED', 'NOT_FOUND', 'PERMISSION_DENIED']);

export function edgeAnswers(bus: Bus, record: RecordRefusal): Readonly<Record<string, Answer>> {
  const guarded = async (
    request: RestRequest,
    cluster: string,
    call: () => Promise<unknown>,
  ): Promise<unknown> => {
    try {
      return await called(request.id, () => orWrongProof(call));
    } catch (error) {
      if (error instanceof WrongProof) throw refused(request, cluster, error.detail, record);
      throw error;
    }
  };
  return {
    'edge exchange': async (request) => {
      const proof = EdgeExchange.parse(request.body);
      return {
        status: 200,
        body: await guarded(request, proof.cluster, () => bus.call(CALLS.exchangeToken, proof)),
      };
    },
    'edge pair': async (request) => {
      const proof = EdgePair.parse(request.body);
      return {
        status: 200,
        body: await guarded(request, proof.cluster, () => bus.call(CALLS.pairNode, proof)),
      };
    },
  };
}

class WrongProof extends Error {
  override readonly name = 'WrongProof';
  constructor(readonly detail: string) {
    super('cluster id, token or pairing key is wrong');
  }
}

async function orWrongProof(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CallError && WRONG.has(error.code))
      throw new WrongProof(error.errors[0]?.token ?? error.code);
    throw error;
  }
}

function refused(request: RestRequest, cluster: string, detail: string, record: RecordRefusal): Error {
  const answer = refuse('cluster_authentication_failed', 'cluster id, token or pairing key is wrong');
  record({
    eventType: 'container_cluster.authentication_failed',
    method: request.match.route.method,
    path: request.match.route.path,
    status: answer.status,
    ip: request.ip,
    // The record, unlike the answer, says which part it was.
    errors: [{ token: detail, message: 'refused' }],
    createdBy: { container_cluster: { href: `/orgs/1/container_clusters/${cluster}` } },
  });
  return answer;
}
