/** Kubelink's heartbeat, which carries the facts of the cluster as a whole: every 30 s, and at once when one changes. */
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { ClusterObserved, KubelinkLack } from '@ringfence/contracts';
import type { ApiClient } from '@ringfence/kubernetes';

const BEAT_EVERY_MS = 30_000;
const LOOK_EVERY_MS = 250;
const ASK_VERSION_EVERY_MS = 300_000;
/** The heart waits for it. */
const ANSWER_WITHIN_MS = 1_500;
const MOST_LACKS = 64;
const LONGEST_DETAIL = 2_048;

export interface HeartbeatOptions {
  readonly bus: Bus;
  readonly client: ApiClient;
  readonly cluster: string;
  readonly kubelinkVersion: string;
  readonly isInSync: () => boolean;
  readonly lacks: () => readonly KubelinkLack[];
  readonly onTrouble: (error: unknown) => void;
}

export class Heartbeat {
  private readonly timer: NodeJS.Timeout;
  private said = '';
  private saidAt = 0;
  private askedAt = Number.NEGATIVE_INFINITY;
  private kubernetesVersion = 'unknown';
  private uid = 'unknown';
  private running: Promise<void> | undefined;

  constructor(private readonly options: HeartbeatOptions) {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private look(): void {
    this.running ??= this.beatIfDue()
      .catch(this.options.onTrouble)
      .finally(() => (this.running = undefined));
  }

  private async beatIfDue(): Promise<void> {
    const inSync = this.options.isInSync();
    const lacks = shortened(this.options.lacks());
    // Whoever is away is not asked: the answer would be waited for, and nothing said meanwhile.
    if (Date.now() - this.askedAt > ASK_VERSION_EVERY_MS && !isAway(lacks)) await this.ask();
    const says = JSON.stringify([
      inSync,
      this.kubernetesVersion,
      this.uid,
      lacks.map(({ message }) => message),
    ]);
    if (says === this.said && Date.now() - this.saidAt < BEAT_EVERY_MS) return;
    if (!this.options.bus.isConnected()) return;
    const now = new Date();
    const observed: ClusterObserved = {
      uid: this.uid,
      resourceVersion: `${now.getTime()}`,
      epoch: '',
      gone: false,
      observedAt: now.toISOString(),
      kubernetesVersion: this.kubernetesVersion,
      kubelinkVersion: this.options.kubelinkVersion,
      inSync,
      lacks,
    };
    const { cluster } = this.options;
    await this.options.bus.publish(subjects.observation(cluster, 'cluster', cluster), observed, {
      id: `cluster ${now.getTime()}`,
    });
    this.said = says;
    this.saidAt = now.getTime();
  }

  /** The cluster's own identity is that of its oldest namespace. */
  private async ask(): Promise<void> {
    this.askedAt = Date.now();
    const { client } = this.options;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      const [version, namespace] = await Promise.all([
        client.get<{ gitVersion?: string }>('/version', {}, signal),
        client.get<{ metadata?: { uid?: string } }>('/api/v1/namespaces/kube-system', {}, signal),
      ]);
      this.kubernetesVersion = version.gitVersion ?? 'unknown';
      this.uid = namespace.metadata?.uid ?? 'unknown';
    } catch (error) {
      // Asked again with the next look but one; the heart beats without.
      this.askedAt = Date.now() - ASK_VERSION_EVERY_MS + LOOK_EVERY_MS * 8;
      this.options.onTrouble(error);
    }
  }
}

const isAway = (lacks: readonly KubelinkLack[]): boolean =>
  lacks.some(({ token }) => token === 'api_server_away');

/** A server's words are as long as it likes. */
function shortened(lacks: readonly KubelinkLack[]): KubelinkLack[] {
  return lacks
    .slice(0, MOST_LACKS)
    .map((lack) => ({ ...lack, detail: storable(lack.detail.slice(0, LONGEST_DETAIL)) }));
}

/** No half of a surrogate pair, which may be what is left at the end, and no NUL. */
const storable = (text: string): string => Buffer.from(text).toString().replaceAll('\0', '');
