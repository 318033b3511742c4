/** Pods of which anything changed → what readiness must know of them. */
import type { PodReadiness } from '@ringfence/contracts';
import type { ClusterView } from './cluster-view.calculator.js';
import type { PodFacts } from './pod-endpoints.calculator.js';
import { readinessTimer } from './readiness.calculator.js';
import type { Readiness } from './readiness.calculator.js';

export interface TimerOptions {
  readonly readinessTimerSeconds: number;
  /** Told about a Pod's own timer that is no such number. */
  readonly onRefusedTimer?: (pod: string, value: string) => void;
}

export class AwaitedPods {
  /** Pods whose readiness nobody needs any more. */
  private withdrawn: PodReadiness['podUid'][] = [];

  constructor(
    private readonly view: ClusterView,
    private readonly readiness: Readiness,
    private readonly options: TimerOptions,
  ) {}

  /** `inSyncSince`: how long Pods take that came before is not worth measuring. */
  follow(uids: Iterable<string>, inSyncSince: number): void {
    for (const uid of uids) this.followOne(uid, inSyncSince);
  }

  takeWithdrawn(): string[] {
    return this.withdrawn.splice(0);
  }

  private followOne(uid: string, inSyncSince: number): void {
    const pod = this.view.pods.pods.get(uid);
    if (pod === undefined) {
      if (this.readiness.removePod(uid)) this.withdrawn.push(uid);
      return;
    }
    const { namespace, name, readinessGates: gates } = pod;
    const endpoint = this.view.pods.endpoint(uid);
    const isManaged = endpoint !== undefined;
    const observedAt = Date.parse(pod.observedAt);
    this.readiness.setPod({
      uid,
      namespace,
      name,
      gates,
      isManaged,
      timerMs: this.timerSeconds(pod, isManaged) * 1000,
      hasAddress: (endpoint?.addresses.length ?? 0) > 0,
      observedAt,
      isNews: observedAt >= inSyncSince,
    });
  }

  private timerSeconds(pod: PodFacts, isManaged: boolean): number {
    const { seconds, refused } = readinessTimer(pod.annotations);
    if (refused !== undefined) this.options.onRefusedTimer?.(`${pod.namespace}/${pod.name}`, refused);
    return seconds ?? (isManaged ? this.options.readinessTimerSeconds : 0);
  }
}
