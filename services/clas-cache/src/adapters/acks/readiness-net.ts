/**
 * The net below Kubelink: a Pod that was told to be ready becomes ready, also while Kubelink is silent. A moment after the
 * telling the Pod is looked at; only where its condition does not say so, it is written here. Both write the same words, and
 * only ever that a Pod is ready, so that neither takes back what the other wrote. Without a way to the API server there is no net.
 */
import type { PodReadiness } from '@ringfence/contracts';
import { ReadinessWriter } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import type { Metrics } from '@ringfence/service-host';

/** Kubelink writes within milliseconds; a Pod waits no longer than this for one that does not. */
const KUBELINK_HAS_MS = 1_000;
const AT_ONCE = 4;

export interface ReadinessNetOptions {
  readonly client: ApiClient;
  readonly metrics: Metrics;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class ReadinessNet {
  private readonly writer: ReadinessWriter;

  constructor({ client, metrics, onTrouble }: ReadinessNetOptions) {
    const written = metrics.counter(
      'clas_cache_conditions_written_total',
      'Readiness conditions that clas-cache wrote because Kubelink had not',
    );
    const givenUp = metrics.counter(
      'clas_cache_conditions_given_up_total',
      'Readiness conditions that the API server refused until clas-cache gave them up',
    );
    this.writer = new ReadinessWriter({
      ...{ client, atOnce: AT_ONCE, onTrouble },
      onWritten: () => written.add(),
      onGivenUp: () => givenUp.add(),
    });
  }

  told(readiness: PodReadiness): void {
    if (!readiness.ready || readiness.gates.length === 0) this.writer.withdraw(readiness.podUid);
    else this.writer.put(readiness, { unlessWritten: true, afterMs: KUBELINK_HAS_MS });
  }

  withdrawn(podUid: string): void {
    this.writer.withdraw(podUid);
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}
