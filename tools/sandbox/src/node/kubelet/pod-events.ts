/** What a kubelet says about a Pod in Kubernetes Events, in its words and its order. Nobody waits for them, and none fails anybody. */
import { EventCorrelator } from '../../events/event-correlator.js';
import type { CountedEvent, EventText } from '../../events/event-correlator.js';
import { eventBody, eventUpdate } from '../../events/kube-event.js';
import type { ContainerSpec, Pod, PodSpec } from '../kube/kube-objects.js';
import type { KubeClient } from '../kube/kube.client.js';
import type { ProbeKind } from './prober.js';

const mergePatch = 'application/merge-patch+json';
const probeWords = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const;

export class PodEvents {
  private readonly correlator = new EventCorrelator();
  /** One after the other; how many may wait is bounded by what may be said of one object. */
  private turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly kube: Pick<KubeClient, 'request'>,
    private readonly nodeName: string,
  ) {}

  warn(pod: Pod, reason: string, message: string, container?: string): void {
    this.say(pod, { type: 'Warning', reason, message }, container);
  }

  /** Every image stands for the stub, which is on every node. */
  pulled(pod: Pod, { name, image = '' }: ContainerSpec): void {
    this.tell(pod, 'Pulled', `Container image "${image}" already present on machine`, name);
  }

  created(pod: Pod, container: string): void {
    this.tell(pod, 'Created', `Created container: ${container}`, container);
  }

  started(pod: Pod, container: string): void {
    this.tell(pod, 'Started', `Started container ${container}`, container);
  }

  stopping(pod: Pod, container: string): void {
    this.tell(pod, 'Killing', `Stopping container ${container}`, container);
  }

  unhealthy(pod: Pod, container: string, probe: ProbeKind, answer: string): void {
    this.warn(pod, 'Unhealthy', `${probeWords[probe]} probe failed: ${answer}`, container);
  }

  restarting(pod: Pod, container: string, probe: ProbeKind): void {
    const message = `Container ${container} failed ${probe} probe, will be restarted`;
    this.tell(pod, 'Killing', message, container);
  }

  backingOff(pod: Pod, container: string): void {
    const { name, namespace, uid } = pod.metadata;
    const message = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
    this.warn(pod, 'BackOff', message, container);
  }

  private tell(pod: Pod, reason: string, message: string, container: string): void {
    this.say(pod, { type: 'Normal', reason, message }, container);
  }

  private say({ metadata, spec }: Pod, text: EventText, container: string | undefined): void {
    const { namespace, name, uid } = metadata;
    const about = {
      ...{ kind: 'Pod', apiVersion: 'v1', namespace, name, uid },
      ...(container !== undefined && { fieldPath: fieldOf(spec, container) }),
    };
    const event = this.correlator.next(about, text, Date.now());
    if (event !== undefined) this.turn = this.turn.then(() => this.write(event));
  }

  private async write(event: CountedEvent): Promise<void> {
    const path = `/api/v1/namespaces/${event.about.namespace ?? 'default'}/events`;
    try {
      if (event.count === 1) await this.create(path, event);
      else await this.kube.request('PATCH', `${path}/${event.name}`, eventUpdate(event), mergePatch);
    } catch {
      this.correlator.forget(event);
    }
  }

  private async create(path: string, event: CountedEvent): Promise<void> {
    const body = eventBody(event, { component: 'kubelet', host: this.nodeName });
    await this.kube.request('POST', path, { apiVersion: 'v1', kind: 'Event', ...body });
  }
}

function fieldOf({ initContainers = [] }: PodSpec, container: string): string {
  const isInitial = initContainers.some(({ name }) => name === container);
  return `spec.${isInitial ? 'initContainers' : 'containers'}{${container}}`;
}
