/**
 * The cluster's Services as one Pod can name them: short, with their namespace, in full, and a Pod of a headless one by its own name.
 * Pure.
 */
import { clusterDomain } from '../dns/zone.js';
import type { Pod, Service } from '../kube/kube-objects.js';

type ServicePort = NonNullable<Service['spec']['ports']>[number];

export class KnownServices {
  private readonly byKey = new Map<string, Service>();

  constructor(
    services: readonly Service[],
    private readonly pod: Pod,
  ) {
    for (const service of services)
      this.byKey.set(`${service.metadata.namespace ?? 'default'}/${service.metadata.name}`, service);
  }

  find(host: string): Service | undefined {
    const parts = host.toLowerCase().replace(/\.$/, '').replace(`.${clusterDomain}`, '').split('.');
    if (parts.at(-1) === 'svc') parts.pop();
    const own = this.pod.metadata.namespace ?? 'default';
    const [first = '', second = own, third = own] = parts;
    if (parts.length > 3) return undefined;
    const named = parts.length === 3 ? undefined : this.byKey.get(`${second}/${first}`);
    // "kafka-0.kafka" and "kafka-0.kafka.shop": a Pod by its headless Service.
    const ofPod = parts.length === 1 ? undefined : this.byKey.get(`${third}/${second}`);
    return named ?? ofPod;
  }

  portsOf(host: string): readonly ServicePort[] {
    return this.find(host)?.spec.ports ?? [];
  }

  /** The Pod itself by its Service. The members of a headless one are others: they call each other. */
  isOwn(host: string): boolean {
    const service = this.find(host);
    const selector = Object.entries(service?.spec.selector ?? {});
    if (service === undefined || selector.length === 0 || service.spec.clusterIP === 'None') return false;
    const { namespace = 'default', labels = {} } = this.pod.metadata;
    const isSameNamespace = (service.metadata.namespace ?? 'default') === namespace;
    return isSameNamespace && selector.every(([key, value]) => labels[key] === value);
  }
}
