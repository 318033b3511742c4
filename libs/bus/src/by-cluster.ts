/**
 * Streams that many clusters write, read through a durable of each: what one says waits behind nothing of another's, however
 * much that is, and what is beyond its share is dropped unread. Which clusters there are, the caller knows.
 */
import type { Consumption } from '@ringfence/contracts';
import { pause } from '@ringfence/retrying';
import type { BatchLimits, Bus, Consumer, ConsumerOptions, Message } from './bus.js';
import { clusterGate } from './cluster-share.js';
import type { BeyondShare } from './cluster-share.js';
import { linkOf } from './connect.js';
import { dropDurable, ofCluster } from './durable.js';

export interface ClusterLane {
  readonly consumption: Consumption;
  readonly limits: BatchLimits;
  readonly handler: (messages: readonly Message[]) => Promise<void>;
}
export interface ByClusterOptions {
  readonly clusters: () => Promise<readonly string[]>;
  readonly onError: NonNullable<ConsumerOptions['onError']>;
  /** Once in a flood of one cluster. */
  readonly onAbuse: (abuse: BeyondShare) => void;
}
export interface ClusterReaders {
  /** Messages that wait in the lane, of all clusters. */
  lag(lane: Consumption): number;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;

export function consumeByCluster(
  bus: Bus,
  lanes: readonly ClusterLane[],
  { clusters, onError, onAbuse }: ByClusterOptions,
): ClusterReaders {
  const { metrics } = linkOf(bus);
  const readers = new Map<string, Consumer[]>();
  const ended = new AbortController();
  const begin = (cluster: string): Consumer[] =>
    lanes.map(({ consumption, limits, handler }) => {
      const admits = clusterGate(consumption.stream, { metrics, onAbuse });
      return bus.consumeBatches(ofCluster(consumption, cluster), limits, handler, { onError, admits });
    });
  const end = async (cluster: string, consumers: readonly Consumer[]): Promise<void> => {
    await Promise.all(consumers.map((consumer) => consumer.close()));
    for (const { consumption } of lanes) {
      const { stream, durable } = ofCluster(consumption, cluster);
      await dropDurable(linkOf(bus), stream, durable);
    }
    readers.delete(cluster);
  };
  const look = async (): Promise<void> => {
    const there = new Set(await clusters());
    for (const cluster of there) if (!readers.has(cluster)) readers.set(cluster, begin(cluster));
    for (const [cluster, consumers] of readers) if (!there.has(cluster)) await end(cluster, consumers);
  };
  const running = (async () => {
    while (!ended.signal.aborted) {
      await look().catch((error: unknown) => onError(error, { subject: 'clusters', seq: 0 }));
      await pause(LOOK_EVERY_MS, ended.signal);
    }
  })();
  return {
    lag: (lane) => {
      const index = lanes.findIndex(({ consumption }) => consumption === lane);
      return [...readers.values()].reduce((sum, consumers) => sum + (consumers[index]?.lag() ?? 0), 0);
    },
    close: async () => {
      ended.abort();
      await running;
      await Promise.all([...readers.values()].flat().map((consumer) => consumer.close()));
    },
  };
}
