/**
 * What makes a machine a node of ours. The first time: a pairing key, and the machine-id of a node that Kubelink reports; from
 * then on the key pair that the agent made then. A machine that is paired is not paired again with another key until it is
 * unpaired, whoever shows whichever pairing key: machine-ids are no secret, and pairing keys are many machines' secret.
 */
import { randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import type { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { execute } from '@ringfence/resources';
import type { z } from 'zod';
import { duplicateMachineIds, hasMachineId } from '../../domain/cluster-status.calculator.js';
import type { PairingProfile } from '../../domain/pairing-profile.decider.js';
import { workloadDecider } from '../../domain/workload.decider.js';
import { isRecovering } from '../../read/agents.js';
import { pairingProfiles } from '../../read/inventory-documents.js';
import { agentOfKey, agentOfNode, noteAgentPaired } from '../facts/agents.store.js';
import type { PairedAgent } from '../facts/agents.store.js';
import { liveNodes } from '../facts/observed.store.js';
import type { ObservedNode } from '../facts/observed.store.js';
import { findKey, takeUse } from './pairing-keys.store.js';
import type { PairingKey } from './pairing-keys.store.js';
import { streamOf } from '../stream-names.js';

export type PairRequest = z.output<(typeof CALLS)['pairNode']['request']>;
export type PairedNode = z.output<(typeof CALLS)['pairNode']['response']>;

/** Told with its reason to the record, and to the caller as nothing but "no". */
export class WrongPairing extends Error {
  override readonly name = 'WrongPairing';
}

export async function pairNode(store: EventStore, request: PairRequest): Promise<PairedNode> {
  const holder = await agentOfKey(store.entities, request.cluster, request.publicKey);
  if (holder?.machineId === request.machineId && holder.workload !== null) {
    requireVouched(request, holder.node);
    // It proved to be who it was: neither the pairing key's fate nor what others report of their machine-ids matters now.
    return noted(store, request, holder.node, holder.workload);
  }
  const { key, profile } = await usableKey(store, request);
  const node = await reportedNode(store, request);
  requireVouched(request, node.name);
  const agent = await agentOfNode(store.entities, request.cluster, node.name);
  refuseAnotherKey(request, agent, holder);
  const paired = agent?.workload ?? null;
  if (paired !== null) return noted(store, request, node.name, paired);
  if (!(await takeUse(store.entities, key.id, new Date()))) throw new WrongPairing('pairing key spent');
  return noted(store, request, node.name, await createWorkload(store, request.cluster, node, profile));
}

async function noted(
  store: EventStore,
  { cluster, machineId, version, publicKey }: PairRequest,
  node: string,
  workload: string,
): Promise<PairedNode> {
  await noteAgentPaired(store.entities, { cluster, node, machineId, version, publicKey, at: new Date() });
  return { node, workload };
}

async function usableKey(
  store: EventStore,
  { pairingKey }: PairRequest,
): Promise<{ key: PairingKey; profile: PairingProfile }> {
  const key = await findKey(store.entities, pairingKey, new Date());
  if (key === null) throw new WrongPairing('wrong or revoked pairing key');
  if (!key.pairsNewNodes) throw new WrongPairing('pairing key spent or expired');
  const profile = await pairingProfiles.get(store.entities, key.profile);
  if (profile === null || profile.deletedAt !== null || !profile.body.enabled)
    throw new WrongPairing('pairing profile disabled or deleted');
  return { key, profile: profile.body };
}

/** A node says its machine-id itself; where Kubernetes put the agent, it cannot choose. */
function requireVouched({ vouchedNode }: PairRequest, node: string): void {
  if (vouchedNode === undefined || vouchedNode === node) return;
  throw CallError.of(
    'FAILED_PRECONDITION',
    'agent_token_of_other_node',
    `the agent is on node ${vouchedNode}, and the machine-id that it claims is that of ${node}`,
  );
}

function refuseAnotherKey(
  { machineId, publicKey }: PairRequest,
  agent: PairedAgent | null,
  holder: PairedAgent | null,
): void {
  if (holder !== null && holder.workload !== null)
    throw CallError.of(
      'FAILED_PRECONDITION',
      'node_key_in_use',
      `the agent's key is that of node ${holder.node}: empty the state directory that was copied from there`,
    );
  // A node that has another machine-id now is another machine, and Kubernetes says so.
  const isPaired = agent !== null && agent.workload !== null && agent.machineId === machineId;
  // Somebody lets it prove itself anew.
  if (isPaired && isRecovering(agent, new Date())) return;
  if (isPaired && agent.publicKey !== null && agent.publicKey !== publicKey)
    throw CallError.of(
      'FAILED_PRECONDITION',
      'machine_already_paired',
      `node ${agent.node} is paired with another key: unpair it first, or give its agent its state directory back`,
    );
}

/** The one live node of this machine-id; several mean that none of them is paired until it is resolved. */
async function reportedNode(store: EventStore, { cluster, machineId }: PairRequest): Promise<ObservedNode> {
  // Nobody is a node by having no machine-id.
  const nodes = (await liveNodes(store.entities, cluster)).filter(hasMachineId);
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

async function createWorkload(
  store: EventStore,
  cluster: string,
  node: ObservedNode,
  profile: PairingProfile,
): Promise<string> {
  const id = randomUUID();
  const [number = ''] = await store.nextIds('agent');
  const { labels, name, mode, visibilityLevel } = profile;
  const pairing = {
    ...{ id, agent: number, cluster, node: node.name, addresses: node.addresses },
    ...{ labels, profile: name, mode, visibilityLevel },
  };
  const actor = { kind: 'agent', id: node.name } as const;
  await execute(
    store,
    workloadDecider,
    { stream: streamOf.workload(id), actor, cluster },
    { type: 'pair', pairing },
  );
  return id;
}
