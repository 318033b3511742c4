/** Writes Kubernetes Events for code in the API server's process, the text `kubectl describe` ends with. */
import type { Cluster } from '../api/cluster.js';
import type { KubeObject } from '../api/kube-object.js';
import { EventCorrelator } from './event-correlator.js';
import type { CountedEvent, EventText } from './event-correlator.js';
import { eventBody, eventUpdate } from './kube-event.js';

export class EventRecorder {
  private readonly correlator = new EventCorrelator();

  constructor(
    private readonly cluster: Cluster,
    private readonly component: string,
  ) {}

  /** Never fails its caller: an event about an object of a vanishing namespace is lost. */
  async record(object: KubeObject, text: EventText): Promise<void> {
    const { kind, apiVersion } = object;
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const about = {
      ...{ kind, apiVersion, name },
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    };
    const event = this.correlator.next(about, text, this.cluster.now().getTime());
    if (event !== undefined && !this.countUp(event)) await this.write(event);
  }

  private countUp(event: CountedEvent): boolean {
    if (event.count === 1) return false;
    const place = { namespace: event.about.namespace ?? 'default', name: event.name };
    const update = (draft: KubeObject): void => void Object.assign(draft, eventUpdate(event));
    return this.cluster.resource('events').modify(place, update) !== undefined;
  }

  private async write(event: CountedEvent): Promise<void> {
    const body = eventBody(event, { component: this.component });
    try {
      await this.cluster.resource('events').create(body);
    } catch {
      this.correlator.forget(event);
    }
  }
}
