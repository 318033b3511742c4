/** The streams of a server, made or brought to what the contracts say. */
import { STREAMS } from '@ringfence/contracts';
import type { StreamContract } from '@ringfence/contracts';
import { DiscardPolicy, NatsError, RetentionPolicy, StorageType } from 'nats';
import type { StreamConfig } from 'nats';
import type { Bus } from './bus.js';
import { linkOf } from './connect.js';
import { remakeLatestDurable } from './durable.js';
import { KUBELINK_DURABLE } from './credentials/cluster-server.js';
import { uplinkDurable } from './credentials/permissions.js';
import type { Link } from './link.js';

const NANOSECONDS = 1_000_000_000;
/** A publisher that crashed or lost its connection repeats within this time. */
const REPEATS_WITHIN_SECONDS = 300;
/** The least that a server takes. */
const HARDLY_ANY_SECONDS = 0.1;
const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;

export async function ensureStreams(bus: Bus, server: 'control' | 'cluster', replicas = 1): Promise<void> {
  for (const contract of STREAMS) {
    if (contract.server === server || contract.server === 'both')
      await ensureStream(linkOf(bus), contract, replicas);
  }
}

/** Makes the durable through which a cluster's clas-cache reads its policy anew: it then gets every current value first. */
export async function ensureUplinkDurable(bus: Bus, cluster: string): Promise<void> {
  await remakeLatestDurable(linkOf(bus), 'POLICY', uplinkDurable(cluster), `policy.${cluster}.*.*`);
}

/** The same for Kubelink and what clas-cache tells it of Pods. */
export async function ensureKubelinkDurable(bus: Bus, cluster: string): Promise<void> {
  await remakeLatestDurable(linkOf(bus), 'READINESS', KUBELINK_DURABLE, `policy.${cluster}.readiness.*`);
}

/** Only where it is missing: after the server lost what it kept. */
export const keepUplinkDurable = (bus: Bus, cluster: string): Promise<void> =>
  unlessThere(bus, 'POLICY', uplinkDurable(cluster), () => ensureUplinkDurable(bus, cluster));

export const keepKubelinkDurable = (bus: Bus, cluster: string): Promise<void> =>
  unlessThere(bus, 'READINESS', KUBELINK_DURABLE, () => ensureKubelinkDurable(bus, cluster));

async function unlessThere(
  bus: Bus,
  stream: string,
  durable: string,
  make: () => Promise<void>,
): Promise<void> {
  try {
    await linkOf(bus).manager.consumers.info(stream, durable);
  } catch (error) {
    if (!(error instanceof NatsError) || error.api_error?.err_code !== CONSUMER_NOT_FOUND) throw error;
    await make();
  }
}

async function ensureStream(link: Link, contract: StreamContract, replicas: number): Promise<void> {
  const wanted = configOf(contract, replicas);
  const { streams } = link.manager;
  const found = await streams.info(contract.name).catch((error: unknown) => {
    if (error instanceof NatsError && error.api_error?.err_code === STREAM_NOT_FOUND) return undefined;
    throw error;
  });
  const { config } =
    found === undefined ? await streams.add(wanted) : await streams.update(contract.name, wanted);
  // Older servers drop what they do not know without a word.
  for (const [key, value] of Object.entries(wanted)) {
    const actual = config[key as keyof StreamConfig];
    if (JSON.stringify(actual) !== JSON.stringify(value)) {
      throw new Error(
        `stream ${contract.name}: the server keeps ${key} = ${JSON.stringify(actual)}, not ${JSON.stringify(value)}`,
      );
    }
  }
}

function configOf(
  contract: StreamContract,
  replicas: number,
): Partial<StreamConfig> & { name: string; subjects: string[] } {
  return {
    name: contract.name,
    subjects: [...contract.subjects],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    num_replicas: replicas,
    max_bytes: contract.maxBytes,
    max_age: contract.maxAgeSeconds * NANOSECONDS,
    max_msgs_per_subject: contract.retention === 'last' ? 1 : (contract.maxPerSubject ?? -1),
    max_msg_size: contract.maxMessageBytes ?? -1,
    duplicate_window: (contract.dropsRepeats ? REPEATS_WITHIN_SECONDS : HARDLY_ANY_SECONDS) * NANOSECONDS,
  };
}
