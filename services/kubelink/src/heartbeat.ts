/** Kubelink's heartbeat, which carries the facts of the cluster as a whole: every 30 s, and at once when one changes. */
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { ClusterObserved } from '@ringfence/contracts';
import type { ApiClient } from '@ringfence/kubernetes';

const BEAT_EVERY_MS = 30_000;
const LOOK_EVERY_MS = 250;
const ASK_VERSION_EVERY_MS = 300_000;

export interface HeartbeatOptions {
  readonly bus: Bus;
  readonly client: ApiClient;
  readonly cluster: string;
  readonly kubelinkVersion: string;
  readonly isInSync: () => boolean;
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
    if (Date.now() - this.askedAt > ASK_VERSION_EVERY_MS) await this.ask();
    const inSync = this.options.isInSync();
    const says = JSON.stringify([inSync, this.kubernetesVersion, this.uid]);
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
    try {
      const version = await this.options.client.get<{ gitVersion?: string }>('/version');
      const namespace = await this.options.client.get<{ metadata?: { uid?: string } }>(
        '/api/v1/namespaces/kube-system',
      );
      this.kubernetesVersion = version.gitVersion ?? 'unknown';
      this.uid = namespace.metadata?.uid ?? 'unknown';
    } catch (error) {
      // Asked again with the next look but one; the heart beats without.
      this.askedAt = Date.now() - ASK_VERSION_EVERY_MS + LOOK_EVERY_MS * 8;
      this.options.onTrouble(error);
    }
  }
}
