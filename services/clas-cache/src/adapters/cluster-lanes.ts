/**
 * The cluster's own NATS: observations and acknowledgements come in, nodes ask for their views, flow batches are
 * decorated at once and kept for the control plane.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError, PermanentError, TransientError } from '@ringfence/bus';
import type { Bus, LatestReader, LatestValue, Message, Subscription } from '@ringfence/bus';
import { CALLS, FlowBatch, subjectToken } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { ActorStore } from '../domain/actor-store.js';
import { FLOW_BATCHES, NODE_ACKS, OBSERVED, TOLD_READINESS } from '../manifest.js';
import { takeAck, takeObservation, takeToldReadiness } from './observations.consumer.js';
import type { StoreLoop } from './store-loop.js';

export interface ClusterLanesOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly store: ActorStore;
  readonly loop: StoreLoop;
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
  const observed = await readLatest(options, OBSERVED, takeObservation);
  void observed.caughtUp.then(() => {
    store.caughtUp();
    loop.poke();
  });
  const acks = await readLatest(options, NODE_ACKS, takeAck);
  const flows = bus.consumeBatches(
    FLOW_BATCHES,
    FLOW_LIMITS,
    (messages) => decorateBatches(options, messages),
    {
      onError: (error, { subject }) => logger.warn({ err: error, subject }, 'a flow batch was not decorated'),
    },
  );
  const snapshots = serveSnapshots(options);
  return {
    close: async () => {
      snapshots.close();
      await Promise.all([told.close(), observed.close(), acks.close(), flows.close()]);
    },
  };
}

type Taker = (store: ActorStore, subject: string, payload: unknown) => void;

function readLatest(
  { bus, cluster, store, loop, metrics, logger }: ClusterLanesOptions,
  { stream, filter }: { stream: string; filter: string },
  take: Taker,
): Promise<LatestReader> {
  const unreadable = metrics.counter(
    'clas_cache_unreadable_total',
    'Messages that were left out because of their form',
  );
  const handle = ({ subject, payload }: LatestValue): void => {
    if (subject.split('.')[1] !== cluster) return;
    try {
      take(store, subject, payload);
      loop.poke(podOf(subject));
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      unreadable.add(1, { stream });
      logger.warn({ err: error }, 'a message was left out');
    }
  };
  return bus.latest(stream, filter, handle, {
    onError: (error, subject) => logger.error({ err: error, subject }, 'the store failed at a message'),
  });
}

/** Of which Pod something was seen. */
function podOf(subject: string): string | undefined {
  const [lane, , kind, id] = subject.split('.');
  return lane === 'obs' && (kind === 'pod' || kind === 'sandbox') ? id : undefined;
}

function serveSnapshots({ bus, store, loop, metrics }: ClusterLanesOptions): Subscription {
  const served = metrics.counter('clas_cache_snapshots_total', 'Whole views that nodes asked for');
  return bus.serve(
    CALLS.nodeSnapshot,
    async ({ node }, { subject }) => {
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
  const { bus, store } = options;
  if (!store.isInSync) {
    await sleep(LOOK_AGAIN_MS);
    throw new TransientError('not in sync yet');
  }
  const decorated = messages.map(({ subject, payload }) => {
    const batch = FlowBatch.safeParse(payload);
    if (!batch.success)
      throw new PermanentError('unreadable', `${subject}: ${batch.error.issues[0]?.message}`);
    const [lane, cluster, , token] = subject.split('.');
    return {
      subject: `${lane}.${cluster}.decorated.${token}`,
      payload: store.decorate(batch.data),
      id: `${batch.data.id}/decorated`,
    };
  });
  await bus.publishMany(decorated);
}
