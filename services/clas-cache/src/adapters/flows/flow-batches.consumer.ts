/** Flow batches of nodes, decorated at once and kept in the cluster until the control plane has them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError, TransientError } from '@ringfence/bus';
import type { Arrived, Bus, Consumer, Message, Publication } from '@ringfence/bus';
import { FlowBatch, parseSubject, subjects } from '@ringfence/contracts';
import type { Logger } from 'pino';
import type { ActorStore } from '../../domain/actor-store.js';
import { FLOW_BATCHES } from '../../manifest.js';
import type { NodeGate } from '../nodes/node-gate.js';
import type { Refusals } from '../nodes/refusals.js';
import { ForeignClaim, ownWord, read, senderOf } from '../payload.js';

export interface FlowBatchesOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly store: ActorStore;
  readonly gate: NodeGate;
  readonly refusals: Refusals;
  readonly logger: Logger;
}

const LIMITS = { maxMessages: 64, maxWaitMs: 20 };
const LOOK_AGAIN_MS = 200;

export function readFlowBatches(options: FlowBatchesOptions): Consumer {
  const { bus, logger } = options;
  return bus.consumeBatches(FLOW_BATCHES, LIMITS, (messages) => decorateBatches(options, messages), {
    onError: (error, { subject }) => logger.warn({ err: error, subject }, 'a flow batch was not decorated'),
    admits: (arrived) => admits(options, arrived),
  });
}

/** Asked as a batch comes, and not by who decorates it: what is tried again counts once. */
function admits({ gate, logger }: FlowBatchesOptions, arrived: Arrived): boolean {
  try {
    return gate.admits(arrived);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    logger.warn({ err: error, subject: arrived.subject }, 'a flow batch was left out');
    return false;
  }
}

/** Not before the store has settled: flows of a moment ago would be nobody's. */
async function decorateBatches(options: FlowBatchesOptions, messages: readonly Message[]): Promise<void> {
  const { bus, store } = options;
  if (!store.hasSettled) {
    await sleep(LOOK_AGAIN_MS);
    throw new TransientError('not in sync yet');
  }
  await bus.publishMany(messages.flatMap((message) => decorated(options, message)));
}

/**
 * Nothing: it was not the sender's to report, or is no report at all. Such a one gets no dead letter: a node that sends
 * nothing else would keep the lane busy with burying.
 */
function decorated({ cluster, store, refusals }: FlowBatchesOptions, message: Message): Publication[] {
  const { subject, payload } = message;
  if (parseSubject(subject).cluster !== cluster) return [];
  try {
    const said = ownWord('flow', subject, read(FlowBatch, subject, payload));
    const { batch, foreign } = store.decorate(said);
    if (foreign.flows > 0)
      refusals.note(said.node, 'flow', `${foreign.reporter} does not live there`, foreign.flows);
    return [
      { subject: subjects.decorated(cluster, said.node), payload: batch, id: `${said.node} ${batch.id}` },
    ];
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const detail = error instanceof ForeignClaim ? error.detail : error.message;
    refusals.note(senderOf(subject), 'flow', detail);
    return [];
  }
}
