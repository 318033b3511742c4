/**
 * The cluster's own NATS: observations and acknowledgements come in, nodes ask for their views, flow batches are
 * decorated at once and kept for the control plane.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError, PermanentError, TransientError } from '@ringfence/bus';
import type { Bus, LatestReader, LatestValue, Message, Publication, Subscription } from '@ringfence/bus';
import { AgentHeartbeat, CALLS, FlowBatch, subjects, subjectToken } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { ActorStore } from '../domain/actor-store.js';
import { AGENTS, FLOW_BATCHES, NODE_ACKS, OBSERVED, TOLD_READINESS } from '../manifest.js';
import { ForeignClaim, ownWord, takeAck, takeAgentReport } from './facts/agents.consumer.js';
import type { NodeGate } from './nodes/node-gate.js';
import { takeObservation, takeToldReadiness } from './facts/observations.consumer.js';
import { read, senderOf } from './payload.js';
import { Relist } from './facts/relist.js';
import type { Refusals } from './nodes/refusals.js';
import type { StoreLoop } from './store/store-loop.js';
import { serveWitness } from './nodes/witness.js';

export interface ClusterLanesOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly store: ActorStore;
  readonly loop: StoreLoop;
  readonly gate: NodeGate;
  readonly refusals: Refusals;
  /** What an agent says of itself with each heartbeat. */
  readonly onStatus: (node: string, status: AgentHeartbeat['status']) => void;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface ClusterLanes {
  close(): Promise<void>;
}

const FLOW_LIMITS = { maxMessages: 64, maxWaitMs: 20 };
const LOOK_AGAIN_MS = 200;

export async function openClusterLanes(options: ClusterLanesOptions): Promise<ClusterLanes> {
  const { bus, store, loop, logger } = options;
  // What was said of Pods before comes first, or a Pod that was ready would be told not to be.
  const told = await readLatest(options, TOLD_READINESS, takeToldReadiness);
  await told.caughtUp;
  const relist = new Relist(options);
  const observed = await readLatest(options, OBSERVED, takingLists(relist), () => relist.startOver());
  void observed.caughtUp.then(() => relist.readAll());
  const agents = await readLatest(options, AGENTS, takingReports(options.onStatus));
  const acks = await readLatest(options, NODE_ACKS, takeAck);
  void Promise.all([observed.caughtUp, agents.caughtUp, acks.caughtUp]).then(() => {
    store.caughtUp();
    loop.poke();
  });
  const flows = bus.consumeBatches(
    FLOW_BATCHES,
    FLOW_LIMITS,
    (messages) => decorateBatches(options, messages),
    {
      onError: (error, { subject }) => logger.warn({ err: error, subject }, 'a flow batch was not decorated'),
    },
  );
  const snapshots = serveSnapshots(options);
  const witness = serveWitness(options);
  return {
    close: async () => {
      snapshots.close();
      witness.close();
      relist.close();
      await Promise.all([told, observed, agents, acks, flows].map((lane) => lane.close()));
    },
  };
}

function takingReports(onStatus: ClusterLanesOptions['onStatus']): Taker {
  return (store, subject, payload, refusals) => {
    takeAgentReport(store, subject, payload, refusals);
    const heartbeat = subject.split('.')[2] === 'heartbeat' ? AgentHeartbeat.safeParse(payload) : undefined;
    if (heartbeat?.success === true) onStatus(senderOf(subject), heartbeat.data.status);
  };
}

function takingLists(relist: Relist): Taker {
  return (store, subject, payload) => {
    takeObservation(store, subject, payload);
    const [, , kind, of] = subject.split('.');
    if (kind === 'list' && of !== undefined) relist.heard(of);
  };
}

type Taker = (store: ActorStore, subject: string, payload: unknown, refusals: Refusals) => void;

function readLatest(
  { bus, cluster, store, loop, gate, refusals, metrics, logger }: ClusterLanesOptions,
  { stream, filter }: { stream: string; filter: string },
  take: Taker,
  onStreamMadeAnew: () => void = () => undefined,
): Promise<LatestReader> {
  const unreadable = metrics.counter(
    'clas_cache_unreadable_total',
    'Messages that were left out because of their form',
  );
  const isOfNodes = stream === AGENTS.stream || stream === NODE_ACKS.stream;
  const handle = (value: LatestValue): void => {
    const { subject, payload } = value;
    if (subject.split('.')[1] !== cluster) return;
    try {
      if (isOfNodes && !gate.admits(value)) return;
      take(store, subject, payload, refusals);
      loop.poke(podOf(subject));
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      if (error instanceof ForeignClaim) return gate.refuse(error);
      unreadable.add(1, { stream });
      logger.warn({ err: error }, 'a message was left out');
    }
  };
  return bus.latest(stream, filter, handle, {
    onStreamMadeAnew,
    onError: (error, subject) => logger.error({ err: error, subject }, 'the store failed at a message'),
  });
}

/** Of which Pod something was seen. */
function podOf(subject: string): string | undefined {
  const [lane, , kind, id] = subject.split('.');
  return lane === 'obs' && kind === 'pod' ? id : undefined;
}

function serveSnapshots({ bus, store, loop, gate, metrics }: ClusterLanesOptions): Subscription {
  const served = metrics.counter('clas_cache_snapshots_total', 'Whole views that nodes asked for');
  return bus.serve(
    CALLS.nodeSnapshot,
    async ({ node }, { subject }) => {
      gate.requireShare(subject);
      // The subject is what the node's credential allows; what the request says counts for nothing beside it.
      if (subject.split('.').at(-1) !== subjectToken(node)) {
        throw CallError.of('PERMISSION_DENIED', 'not-this-node', `${node} is not the node that asks`);
      }
      const missing = store.missing();
      if (missing.length > 0)
        throw CallError.of('UNAVAILABLE', 'not-in-sync', `not in sync: ${missing.join('; ')}`);
      served.add(1);
      return loop.snapshot(node);
    },
    { suffix: '*' },
  );
}

/** Not before the store is in sync: flows of a moment ago would be nobody's. */
async function decorateBatches(options: ClusterLanesOptions, messages: readonly Message[]): Promise<void> {
  const { bus, store, gate } = options;
  if (!store.isInSync) {
    await sleep(LOOK_AGAIN_MS);
    throw new TransientError('not in sync yet');
  }
  await bus.publishMany(gate.admitted(messages).flatMap((message) => decorated(options, message)));
}

/**
 * Nothing: it was not the sender's to report, or is no report at all. Such a one gets no dead letter: a node that sends
 * nothing else would keep the lane busy with burying.
 */
function decorated({ cluster, store, refusals }: ClusterLanesOptions, message: Message): Publication[] {
  const { subject, payload } = message;
  if (subject.split('.')[1] !== cluster) return [];
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
