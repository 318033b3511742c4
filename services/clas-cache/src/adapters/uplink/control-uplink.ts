/**
 * The way to the control plane, opened as soon as it can be and kept open: token for credential, policy down,
 * observations, acknowledgements and decorated flows up. While it is away the cluster goes on with what it has, and
 * everything that is to go up waits in the cluster's streams.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterPace, connectBus, PermanentError, uplinkDurable } from '@ringfence/bus';
import type { Bus, Consumer, LatestValue, Message, Publication } from '@ringfence/bus';
import { AgentHeartbeat, parseSubject, subjects, subjectToken } from '@ringfence/contracts';
import { pause, retrying } from '@ringfence/retrying';
import type { AgentRefusal, ClusterAck, ClusterPulse } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { ActorStore } from '../../domain/actor-store.js';
import { ANEW } from '../../domain/stored-state.js';
import type { ToldChange } from '../../domain/stored-state.js';
import { DECORATED_FLOWS, FORWARDED, FORWARDED_HEARTBEATS, manifest, POLICY } from '../../manifest.js';
import { Refused } from './control-plane.client.js';
import type { ControlPlaneClient, Uplink } from './control-plane.client.js';
import { LatestOutbox } from './latest-outbox.js';
import { takePolicy } from '../policy/policy.consumer.js';
import { answerQuestions } from '../policy/questions.consumer.js';
import type { Answers } from '../policy/questions.consumer.js';

export interface ControlUplinkOptions {
  readonly cluster: string;
  readonly client: ControlPlaneClient;
  readonly caFile?: string | undefined;
  readonly clusterBus: Bus;
  readonly store: ActorStore;
  readonly onPolicy: (told: ToldChange) => void;
  readonly answers: Answers;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const REFUSED_AGAIN_MS = 2_000;
const LIMITS = { maxMessages: 256, maxWaitMs: 10 };
const FLOW_LIMITS = { maxMessages: 32, maxWaitMs: 20 };
/** Pods, and what Kubernetes says of them, stay in the cluster; everything else is the control plane's business too. */
const NOT_FORWARDED: readonly unknown[] = ['pod', 'networkpolicy'];

export class ControlUplink {
  private readonly words: LatestOutbox;
  private readonly consumers: Consumer[] = [];
  private readonly running: Promise<void>;
  private bus: Bus | undefined;
  private uplink: Uplink | undefined;
  private renewing: Promise<void> | undefined;
  private lastTry = 'the control plane was not asked yet';
  private refusedFor: string | null = null;

  constructor(private readonly options: ControlUplinkOptions) {
    this.words = new LatestOutbox(
      async ({ subject, payload, headers }) => this.connected().publish(subject, payload, { headers }),
      () => undefined,
    );
    this.running = this.run().catch((error: unknown) => {
      if (!options.signal.aborted) options.logger.error({ err: error }, 'the uplink ended');
    });
  }

  /** For people. */
  get state(): string {
    const availability = this.bus?.availability();
    return availability === true ? 'connected' : (availability ?? this.lastTry);
  }

  /** Why the control plane does not accept our id and token; null: it does, or was not heard. */
  get refusal(): string | null {
    return this.refusedFor;
  }

  /** Whether policy is taken in as it comes. */
  progress(): true | string {
    return this.options.store.policyLacking ?? this.bus?.progress() ?? true;
  }

  acknowledge(ack: ClusterAck): void {
    this.words.put(subjects.ack(this.options.cluster, ack.node), ack);
  }

  refused(refusal: AgentRefusal): void {
    this.words.put(subjects.refusal(this.options.cluster, refusal.node), refusal);
  }

  pulse(pulse: ClusterPulse): void {
    this.words.put(subjects.pulse(this.options.cluster), pulse);
  }

  async close(): Promise<void> {
    await this.running;
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    await this.words.close();
    await this.bus?.close();
  }

  private async run(): Promise<void> {
    const { cluster, signal, logger, metrics } = this.options;
    const uplink = await this.exchanged();
    if (uplink === undefined) return;
    this.uplink = uplink;
    this.bus = await connectBus({
      servers: uplink.natsUrl,
      name: manifest.service,
      server: 'control',
      caFile: this.options.caFile,
      ...(uplink.jwt === '' ? {} : { credentials: () => this.credentials() }),
      onRefused: () => void this.renewed(),
      pace: clusterPace(),
      metrics,
      onState: ({ connected, detail }) => {
        this.lastTry = `control NATS: ${detail}`;
        logger[connected ? 'info' : 'warn']({ detail }, 'control NATS');
      },
      signal,
    });
    await this.bus.latest(POLICY.stream, `policy.${cluster}.*.*`, (value) => this.take(value), {
      ...(uplink.jwt === '' ? {} : { durable: uplinkDurable(cluster) }),
      onStreamMadeAnew: () => this.forgotten(),
      onError: (error, subject) =>
        logger.error({ err: error, subject }, 'the store failed at a policy record'),
    });
    answerQuestions(this.bus, cluster, this.options.answers);
    this.forward();
    void this.keepFresh();
  }

  /** Asks until it is answered. A refusal is asked again too: the cluster may be made, or the token set right, later. */
  private async exchanged(): Promise<Uplink | undefined> {
    const { client, signal } = this.options;
    const uplink = await retrying(() => client.exchange(), {
      signal,
      onError: (error) => this.notExchanged(error),
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
    });
    if (uplink !== undefined) this.refusedFor = null;
    return uplink;
  }

  private notExchanged(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const isRefused = error instanceof Refused;
    if (message !== this.lastTry) {
      const line = isRefused
        ? 'the control plane refuses this cluster: CLUSTER_ID or CLUSTER_TOKEN is wrong'
        : 'the control plane is away';
      this.options.logger[isRefused ? 'error' : 'warn']({ detail: message }, line);
    }
    this.refusedFor = isRefused ? message : this.refusedFor;
    this.lastTry = message;
  }

  /** A new credential at four fifths of the old one's life; connections take it up when the server ends the old one. */
  private async keepFresh(): Promise<void> {
    const { signal } = this.options;
    while (!signal.aborted && this.uplink !== undefined) {
      const lifeMs = Math.max(0, Date.parse(this.uplink.expiresAt) - Date.now());
      const waitMs = Math.min(lifeMs * 0.8 + FIRST_PAUSE_MS, 2 ** 31 - 1);
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.renewed();
    }
  }

  /** By one at a time, and not on the heels of the one before: each makes the account and the way to policy anew. */
  private renewed(): Promise<void> {
    const renew = async (): Promise<void> => {
      this.uplink = (await this.exchanged()) ?? this.uplink;
      await pause(REFUSED_AGAIN_MS, this.options.signal);
    };
    return (this.renewing ??= renew().finally(() => (this.renewing = undefined)));
  }

  private credentials(): { jwt: string; seed: string } {
    const { jwt = '', seed = '' } = this.uplink ?? {};
    return { jwt, seed };
  }

  private take(value: LatestValue): void {
    const { store, onPolicy, logger, metrics } = this.options;
    try {
      takePolicy(store, value, onPolicy);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      metrics
        .counter('clas_cache_unreadable_total', 'Messages that were left out because of their form')
        .add(1, { stream: 'POLICY' });
      logger.error({ err: error }, 'a policy record was left out');
    }
  }

  /** The server lost its disk: what it had taken of us, perhaps nobody had read. What is said twice is known by its ids. */
  private forgotten(): void {
    const { store, onPolicy, clusterBus, signal, logger } = this.options;
    logger.warn('the control plane has lost what it kept for this cluster: everything is said again');
    store.forgotten();
    onPolicy(ANEW);
    const onError = (error: unknown): void => logger.warn({ err: error }, 'not forwarded again yet');
    for (const each of [FORWARDED, FORWARDED_HEARTBEATS, DECORATED_FLOWS])
      void retrying(() => clusterBus.rewind(each), { signal, onError });
  }

  private forward(): void {
    const { clusterBus, cluster, logger } = this.options;
    const onError = (error: unknown): void => logger.debug({ err: error }, 'not forwarded yet');
    // Without the control plane the cluster goes on: that is a fact of health, and no failure of these lanes.
    const options = { onError, mayStand: () => this.bus?.isConnected() !== true };
    const own = ({ subject }: Message): boolean => parseSubject(subject).cluster === cluster;
    // Without message ids: on a stream that many clusters write, one could swallow by its ids what another is about to
    // say. Who reads there recognises repeats by what they are.
    const asItIs = ({ subject, payload, headers }: Message): Publication => ({
      subject,
      payload,
      headers: traceOf(headers),
    });
    const isOwnHeartbeat = (message: Message): boolean => own(message) && isOfItsSender(message);
    this.consumers.push(
      clusterBus.consumeBatches(
        FORWARDED,
        LIMITS,
        (messages) => {
          const theirs = messages.filter((message) => own(message) && isForControl(message));
          return this.connected().publishMany(theirs.map(asItIs));
        },
        options,
      ),
      clusterBus.consumeBatches(
        FORWARDED_HEARTBEATS,
        LIMITS,
        (messages) => this.connected().publishMany(messages.filter(isOwnHeartbeat).map(asItIs)),
        options,
      ),
      clusterBus.consumeBatches(
        DECORATED_FLOWS,
        FLOW_LIMITS,
        (messages) => this.connected().publishMany(messages.filter(own).map(asItIs)),
        options,
      ),
    );
  }

  private connected(): Bus {
    if (this.bus === undefined) throw new Error('the uplink is not open yet');
    return this.bus;
  }
}

/** What a node says in another's name is not passed on; who refuses it in the store records it. */
function isOfItsSender({ subject, payload }: Message): boolean {
  const heartbeat = AgentHeartbeat.safeParse(payload);
  return heartbeat.success && subjectToken(heartbeat.data.node) === parseSubject(subject).token;
}

/** The marker that ends a list goes the way of the objects that it counts. */
function isForControl({ subject, payload }: Message): boolean {
  const { kind } = parseSubject(subject);
  const counted = kind === 'list' ? (payload as { kind?: unknown } | null)?.kind : kind;
  return !NOT_FORWARDED.includes(counted);
}

function traceOf(headers: Message['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'traceparent' || name === 'tracestate'),
  );
}
