/** Writes Kubernetes Events about what controllers do, the text `kubectl describe` ends with. The oldest make room for new ones. */
import type { Cluster } from '../api/cluster.js';
import type { KubeObject } from '../api/kube-object.js';
import { randomSuffix, timestamp } from '../api/metadata-rules.js';

const keptEvents = 5000;

export interface EventText {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export class EventRecorder {
  private readonly recorded: { namespace: string; name: string }[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly component: string,
  ) {}

  /** Never fails its caller: an event about an object of a vanishing namespace is lost. */
  async record(about: KubeObject, { type, reason, message }: EventText): Promise<void> {
    const { namespace = 'default', name, uid, resourceVersion } = about.metadata;
    const now = timestamp(this.cluster.now());
    const event = {
      metadata: { name: `${name}.${this.cluster.store.revision.toString(16)}${randomSuffix()}`, namespace },
      involvedObject: {
        kind: about.kind,
        apiVersion: about.apiVersion,
        namespace,
        name,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      source: { component: this.component },
      reportingComponent: this.component,
      reportingInstance: '',
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    const events = this.cluster.resource('events');
    try {
      await events.create(event);
    } catch {
      return;
    }
    this.recorded.push({ namespace, name: event.metadata.name });
    if (this.recorded.length > keptEvents)
      events.remove(this.recorded.shift() as { namespace: string; name: string });
  }
}
