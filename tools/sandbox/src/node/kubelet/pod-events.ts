/** What a kubelet says about a Pod in Kubernetes Events; the same thing again is counted, not said again. */
import type { KubeClient } from '../kube/kube.client.js';
import type { Pod } from '../kube/kube-objects.js';

const mostKept = 20;
const mergePatch = 'application/merge-patch+json';

export class PodEvents {
  /** By their words; the oldest make room. */
  private readonly said = new Map<string, { path: string; count: number }>();

  constructor(
    private readonly kube: KubeClient,
    private readonly nodeName: string,
  ) {}

  /** Never fails its caller: an event about a Pod of a vanishing namespace is lost. */
  async warn(pod: Pod, reason: string, message: string): Promise<void> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    // Every attempt has a sandbox id of its own.
    const text = `${reason} ${message}`.replace(/[0-9a-f]{64}/g, '');
    try {
      const before = this.said.get(text);
      if (before === undefined) return this.keep(text, await this.create(pod, { reason, message, now }));
      before.count += 1;
      const patch = { message, count: before.count, lastTimestamp: now };
      await this.kube.request('PATCH', before.path, patch, mergePatch);
    } catch {
      this.said.delete(text);
    }
  }

  private keep(text: string, path: string): void {
    this.said.set(text, { path, count: 1 });
    const [oldest = ''] = this.said.keys();
    if (this.said.size > mostKept) this.said.delete(oldest);
  }

  private async create(
    { metadata: { namespace, name, uid } }: Pod,
    { reason, message, now }: { reason: string; message: string; now: string },
  ): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/events`;
    const eventName = `${name}.${process.hrtime.bigint().toString(16)}`;
    await this.kube.request('POST', path, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName, namespace },
      involvedObject: { kind: 'Pod', apiVersion: 'v1', namespace, name, uid },
      type: 'Warning',
      reason,
      message,
      source: { component: 'kubelet', host: this.nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: this.nodeName,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
    return `${path}/${eventName}`;
  }
}
