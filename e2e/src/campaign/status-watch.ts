/**
 * What the product says about itself, once a second: is everything in force, and what is not. The campaign believes it when it
 * judges, and so finds out when it lies.
 */
import type { RingfenceApi } from '@ringfence/up';
import { now } from './clock.js';
import type { Told } from './judge.js';
import { POLICY } from './town.js';

interface Laggard {
  readonly name: string;
  readonly node: string;
  readonly message: string;
  readonly since: string;
}
interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly security_policy_sync_state: string;
  readonly container_policy_convergence_status: {
    readonly total_pods_count: number;
    readonly success_pods_count: number;
    readonly errors_count: number;
  };
  readonly ringfence_enforcement?: { readonly laggards: readonly Laggard[]; readonly is_newest: boolean };
}
interface Cluster {
  readonly ringfence_status: string;
  readonly ringfence_status_message: string;
  readonly ringfence_enforcement?: { readonly not_in_force: number; readonly policy: Progress };
}
/** What is asked beside what is in force; null: the product does not know. */
interface Progress {
  readonly asked_version: number | null;
  readonly in_force_version: number | null;
  readonly asked_settings: number | null;
  readonly in_force_settings: number | null;
  readonly waiting_for: string;
}
interface Reached {
  readonly version: number;
  readonly settings: number;
}

export interface StatusSample {
  readonly began: number;
  readonly ended: number;
  /** One line for everything that is said not to be in force, with its namespace where it has one; empty: all is. */
  readonly notInForce: readonly string[];
  readonly isHeard: boolean;
  readonly asked: Reached | null;
  readonly inForce: Reached | null;
  readonly waitingFor: string;
}
const UNKNOWN = { asked: null, inForce: null, waitingFor: 'not known' };

const AROUND_BEFORE_MS = 1_500;
/** The product may take 5 s to notice, and we a moment to read it. */
const AROUND_AFTER_MS = 6_500;
const KEPT_MS = 60_000;

export class StatusWatch {
  private samples: StatusSample[] = [];
  /** Longest time in which nobody answered. */
  longestSilenceMs = 0;
  private heardAt = now();

  constructor(
    private readonly api: Pick<RingfenceApi, 'get'>,
    private readonly clusterId: string,
  ) {}

  async look(): Promise<StatusSample> {
    const began = now();
    const sample = await this.read(began).catch((error: unknown): StatusSample => ({
      began,
      ended: now(),
      notInForce: [`REST does not answer: ${String(error).slice(0, 120)}`],
      isHeard: false,
      ...UNKNOWN,
    }));
    if (sample.isHeard) this.heardAt = sample.ended;
    this.longestSilenceMs = Math.max(this.longestSilenceMs, sample.ended - this.heardAt);
    this.samples = [...this.samples.filter(({ ended }) => ended > sample.ended - KEPT_MS), sample];
    return sample;
  }

  private async read(began: number): Promise<StatusSample> {
    const [cluster, workloads] = await Promise.all([
      this.api.get<Cluster>(`/container_clusters/${this.clusterId}`),
      this.api.get<Workload[]>('/kubernetes_workloads?max_results=10000'),
    ]);
    const notInForce = [
      ...wordsOf(cluster),
      ...workloads.filter(({ namespace }) => POLICY.managed.includes(namespace)).flatMap(lagging),
    ];
    const policy = progressIn(cluster.ringfence_enforcement?.policy);
    return { began, ended: now(), notInForce, isHeard: true, ...policy };
  }

  get last(): StatusSample | undefined {
    return this.samples.at(-1);
  }

  /**
   * Everything that was taken before `since` is in force at `ended`, says the product: it told then what was asked, and now
   * that as much is in force.
   */
  allInForce(): { readonly since: number; readonly ended: number } | undefined {
    const last = this.samples.at(-1);
    if (last === undefined || last.notInForce.length > 0) return undefined;
    const { inForce, ended } = last;
    const reached = this.samples.findLast(({ asked }) => isReached(asked, inForce));
    return reached && { since: reached.began, ended };
  }

  toldAround(at: number, ends: readonly Told[]): string {
    const lines = this.samples
      .filter(({ began, ended }) => ended > at - AROUND_BEFORE_MS && began < at + AROUND_AFTER_MS)
      .flatMap(({ notInForce }) => notInForce)
      .filter((line) => isAbout(line, ends));
    return [...new Set(lines)].slice(0, 3).join('; ');
  }
}

/** `namespace/workload: …` is about that workload's Pods, anything else about all of the cluster. */
function isAbout(line: string, ends: readonly Told[]): boolean {
  const [, namespace, workload = ''] = /^([^/ ]+)\/([^/ :]+):/.exec(line) ?? [];
  if (namespace === undefined) return true;
  return ends.some(
    (end) => end.namespace === namespace && (end.name === workload || end.name.startsWith(`${workload}-`)),
  );
}

function progressIn(policy: Progress | undefined): Pick<StatusSample, 'asked' | 'inForce' | 'waitingFor'> {
  if (policy === undefined) return UNKNOWN;
  const { asked_version, asked_settings, in_force_version, in_force_settings, waiting_for } = policy;
  return {
    asked: reachedBy(asked_version, asked_settings),
    inForce: reachedBy(in_force_version, in_force_settings),
    waitingFor: waiting_for,
  };
}

const reachedBy = (version: number | null, settings: number | null): Reached | null =>
  version === null || settings === null ? null : { version, settings };

const isReached = (asked: Reached | null, inForce: Reached | null): boolean =>
  asked !== null &&
  inForce !== null &&
  asked.version <= inForce.version &&
  asked.settings <= inForce.settings;

function wordsOf({ ringfence_status, ringfence_status_message, ringfence_enforcement }: Cluster): string[] {
  const lagging = ringfence_enforcement?.not_in_force ?? 0;
  if (ringfence_status === 'in_sync' && lagging === 0) return [];
  return [`cluster ${ringfence_status}, ${lagging} places not in force: ${ringfence_status_message}`];
}

function lagging({ namespace, name, ...workload }: Workload): string[] {
  const {
    total_pods_count: total,
    success_pods_count: success,
    errors_count: errors,
  } = workload.container_policy_convergence_status;
  const laggards = workload.ringfence_enforcement?.laggards ?? [];
  // What is merely on its way is told for the cluster: it excuses nothing.
  const isOnItsWay = workload.ringfence_enforcement?.is_newest === false;
  const isApplied = isOnItsWay || workload.security_policy_sync_state === 'applied';
  const isEverywhere = isApplied && success === total && errors === 0;
  if (isEverywhere && laggards.length === 0) return [];
  const [first] = laggards;
  const why =
    first === undefined
      ? `${errors} errors`
      : `${first.name} on ${first.node} since ${first.since}: ${first.message}`;
  return [`${namespace}/${name}: in force on ${success} of ${total}, ${why}`];
}
