/**
 * The traces of Pods that are on their way. Kubernetes tells a Pod in several steps, its node tells its addresses in
 * another: all of it continues the trace of its first observation, until every agent knows the Pod.
 */
import type { TraceHeaders } from '@ringfence/bus';

/** More than this and the oldest go on in traces of their own. */
const MOST_PODS = 10_000;

export class PodTraces {
  private readonly first = new Map<string, TraceHeaders>();

  /** What is seen of a Pod now; gives the trace that it belongs to. */
  seen(pod: string, headers: TraceHeaders): TraceHeaders {
    const first = this.first.get(pod);
    if (first !== undefined) return first;
    if (headers['traceparent'] === undefined) return headers;
    const [oldest] = this.first.keys();
    if (oldest !== undefined && this.first.size >= MOST_PODS) this.first.delete(oldest);
    this.first.set(pod, headers);
    return headers;
  }

  keepOnly(isOnItsWay: (pod: string) => boolean): void {
    for (const pod of this.first.keys()) if (!isOnItsWay(pod)) this.first.delete(pod);
  }
}
