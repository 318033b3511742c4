/**
 * Puts policy-compute together, without a framework; the module gives the answers to Nest's transports.
 *
 *   cmd.policy-compute.resource ─▶ resources ─▶ policy-book.store ─▶ events ─▶ relay ─▶ evt.global.policy-*
 *                                                     │ objects in force
 *   evt.*.{label,entity,profile} ─▶ fact.consumer ─▶ policy-feed ─▶ flush-loop ─▶ policy-lane ─▶ policy.<cluster>.*
 *                                                                      │ units and groups that stand
 *   cmd.policy-compute.explain ─▶ ask.<cluster>.*, answer.<cluster>.* (what stands) │ (drafts; the cluster away)
 */
import { beforeServing } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { CALLS, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { neverTwice, openServiceStore, startRelay } from '@ringfence/event-store';
import type { EventStore, Relay } from '@ringfence/event-store';
import { hearing, saying, seeingOwnWrites, tellingChanges } from '@ringfence/resources';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { ClusterQuestions } from './adapters/cluster-questions.js';
import { explainer } from './adapters/explainer.js';
import { LivePolicy } from './adapters/live-policy.js';
import { PolicyBookStore } from './adapters/policy-book.store.js';
import { policyAnswerer } from './adapters/resources/policy-resource.js';
import type { ResourceContext } from './adapters/resources/resource-context.js';
import { storedFlowsOn } from './adapters/resources/stored-flows.js';
import { seedPolicy } from './adapters/seed-policy.js';
import type { Config } from './config.js';
import { DATABASE } from './database.js';
import { labelUsage } from './domain/label-usage.js';
import { workloadsNamed } from './domain/object-usage.js';
import { policyObjects } from './domain/policy-book.js';
import type { PolicyBook } from './domain/policy-book.js';
import { labelsInForce } from './domain/within-scope.js';
import { manifest } from './manifest.js';
import { FactMirror } from './read/fact-mirror.js';

type Usage = (typeof CALLS)['labelUsage'];
type Groups = (typeof CALLS)['groupLabels'];
type Explain = (typeof CALLS)['explain'];

export interface PolicyCompute {
  readonly store: EventStore;
  resource(request: ResourceRequest): Promise<ResourceResponse>;
  labelUsage(request: z.output<Usage['request']>): Promise<z.output<Usage['response']>>;
  /** Of groups in force. */
  groupLabels(request: z.output<Groups['request']>): Promise<z.output<Groups['response']>>;
  explain(request: z.output<Explain['request']>): Promise<z.output<Explain['response']>>;
  /** The version provisioned last, whoever provisioned it. */
  askedVersion(): Promise<z.output<(typeof CALLS)['askedVersion']['response']>>;
  /** True, or what is missing in words. */
  inSync(): true | string;
  /** Facts that are not taken in. */
  waiting(): Promise<number>;
  /** When it is on the stream. */
  said: ReturnType<typeof saying>;
  /** Says again what others mirror. */
  resync: Relay['resync'];
  /** In words what its database lacks of what it once said; null: nothing. */
  readonly behind: string | null;
  relayLag(): number;
  /** Who writes the POLICY stream: one process of this service at a time. */
  writer(): string;
  close(): Promise<void>;
}

export interface PolicyComputeOptions {
  readonly config: Config;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly signal?: AbortSignal;
}

export async function openPolicyCompute(options: PolicyComputeOptions): Promise<PolicyCompute> {
  const { bus, logger, metrics } = options;
  const store = await openServiceStore(DATABASE, options);
  const behind = await beforeServing(options, () => neverTwice(store, bus, manifest));
  const relay = startRelay(store, bus, { onError: (error) => logger.warn({ err: error }, 'relay') });
  const { book, mirror } = await beforeServing(options, async () => {
    const book = await PolicyBookStore.open(store);
    await seedPolicy(book);
    return { book, mirror: await FactMirror.open(store, workloadsNamed(book.latest)) };
  });
  const live = LivePolicy.begin({ bus, book, mirror, logger, metrics });
  const context: ResourceContext = {
    book,
    facts: mirror,
    now: () => new Date(),
    workloadsAffected: (before, after) =>
      live.preview().workloadsAffected(policyObjects(before, 'active'), policyObjects(after, 'active')),
    preview: () => live.preview(),
    flows: storedFlowsOn(bus),
  };
  const untilHeard = hearing({
    // A workload of inventory is named by the labels that label-resolver gives it.
    ...{ bus, owners: { 'label-resolver': ['inventory'] } },
    hasPassed: (seq) => live.hasPassed(seq),
  });
  const explain = explainer({ book, facts: mirror, live, clusters: new ClusterQuestions(bus, metrics) });
  return {
    store,
    resource: seeingOwnWrites(untilHeard, tellingChanges(policyAnswerer(context))),
    said: saying(store, relay, untilHeard),
    labelUsage: async (question) => labelUsage(await book.current(), question),
    groupLabels: async ({ groups }) => ({ groups: groupsInForce(await book.current(), groups) }),
    explain: async ({ after, ...question }) => {
      await untilHeard(after);
      return explain(question);
    },
    askedVersion: () => askedVersion(book),
    inSync: () => live.inSync(),
    waiting: () => live.waiting(),
    resync: relay.resync,
    behind,
    relayLag: relay.lag,
    writer: () => live.writer(),
    close: async () => {
      await live.close();
      await relay.close();
      await store.close();
    },
  };
}

const groupsInForce = (book: PolicyBook, groups: readonly string[]) =>
  groups.map((id) => ({ id, labels: labelsInForce(book, id) }));

const askedVersion: (book: PolicyBookStore) => ReturnType<PolicyCompute['askedVersion']> = async (book) => {
  const { version } = await book.current();
  const [provisioned] = version === 0 ? [] : (await book.store.load(`policy-version-${version}`)).events;
  return { policyVersion: version, at: provisioned?.at ?? null };
};
