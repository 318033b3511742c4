/** Pods that come and go, a few per second at most: newcomers whose first instruction is forbidden, and a crowd that is made larger and smaller. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesApi } from '@ringfence/up';
import { now } from './clock.js';
import type { Random } from './random.js';
import { CHURN, newcomer, SHOP } from './town.js';

const MOST_ALIVE = 14;
const SHORTEST_LIFE_MS = 3_000;
const LONGEST_LIFE_MS = 15_000;

export class Churn {
  made = 0;
  refused = 0;
  private readonly alive = new Map<string, number>();

  constructor(
    private readonly kubernetes: KubernetesApi,
    private readonly random: Random,
    /** What a newcomer calls first. */
    private readonly calls: readonly string[],
  ) {}

  /** Bursts and pauses until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.removeOld();
      const burst = Math.min(this.random.whole(1, 5), MOST_ALIVE - this.alive.size);
      await Promise.all(Array.from({ length: burst }, () => this.make()));
      if (this.random.next() < 0.15) await this.scaleCrowd(this.random.whole(0, 3));
      await sleep(this.random.between(700, 2_500), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Leaves a quiet town: no newcomer, a crowd of one. */
  async end(): Promise<void> {
    await this.kubernetes.request('DELETE', `/api/v1/namespaces/${CHURN}/pods`);
    this.alive.clear();
    await this.scaleCrowd(1);
  }

  private async make(): Promise<void> {
    const name = `newcomer-${(this.made += 1)}`;
    try {
      await this.kubernetes.apply(newcomer(name, this.calls));
      this.alive.set(name, now() + this.random.between(SHORTEST_LIFE_MS, LONGEST_LIFE_MS));
    } catch {
      this.refused += 1;
    }
  }

  private async removeOld(): Promise<void> {
    const old = [...this.alive].filter(([, until]) => until < now());
    await Promise.all(old.map(([name]) => this.remove(name)));
  }

  private async remove(name: string): Promise<void> {
    try {
      await this.kubernetes.request('DELETE', `/api/v1/namespaces/${CHURN}/pods/${name}`);
      this.alive.delete(name);
    } catch (error) {
      if (/ 404/.test(String(error))) this.alive.delete(name);
    }
  }

  private async scaleCrowd(replicas: number): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${SHOP}/deployments/crowd/scale`;
    await this.kubernetes
      .request('PATCH', path, { spec: { replicas } }, 'application/merge-patch+json')
      .catch(() => (this.refused += 1));
  }
}
