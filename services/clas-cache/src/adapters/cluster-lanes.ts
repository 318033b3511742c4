/**
 * The cluster's own NATS: observations and acknowledgements come in, nodes ask for their views, flow batches are
 * decorated at once and kept for the control plane.
 */
import { PermanentError } from '@ringfence/bus';
import type { Bus, LatestReader, LatestValue } from '@ringfence/bus';
import { AgentHeartbeat, parseSubject } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { ActorStore } from '../domain/actor-store.js';
import { AGENTS, NODE_ACKS, OBSERVED, TOLD_READINESS } from '../manifest.js';
import { takeAck, takeToldReadiness } from './acks/acks.consumer.js';
import { takeAgentReport } from './facts/agents.consumer.js';
import { takeObservation } from './facts/observations.consumer.js';
import { Relist } from './facts/relist.js';
import { readFlowBatches } from './flows/flow-batches.consumer.js';
import type { NodeGate } from './nodes/node-gate.js';
import { serveSnapshots } from './nodes/node-snapshots.js';
import type { Refusals } from './nodes/refusals.js';
import { serveWitness } from './nodes/witness.js';
import { ForeignClaim, senderOf } from './payload.js';
import type { StoreLoop } from './store/store-loop.js';

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

export async function openClusterLanes(options: ClusterLanesOptions): Promise<ClusterLanes> {
  const { store, loop } = options;
  // What was said of Pods before comes first, or a Pod that was ready would be told not to be.
  const sayAgain = (): void => store.readinessForgotten();
  const told = await readLatest(options, TOLD_READINESS, takeToldReadiness, sayAgain);
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
  const flows = readFlowBatches(options);
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
    const heartbeat =
      parseSubject(subject).kind === 'heartbeat' ? AgentHeartbeat.safeParse(payload) : undefined;
    if (heartbeat?.success === true) onStatus(senderOf(subject), heartbeat.data.status);
  };
}

function takingLists(relist: Relist): Taker {
  return (store, subject, payload) => {
    takeObservation(store, subject, payload);
    const { kind, token } = parseSubject(subject);
    if (kind === 'list') relist.heard(token);
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
    if (parseSubject(subject).cluster !== cluster) return;
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
  const { lane, kind, token } = parseSubject(subject);
  return lane === 'obs' && kind === 'pod' ? token : undefined;
}
