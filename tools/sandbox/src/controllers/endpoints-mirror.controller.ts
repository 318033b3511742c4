/**
 * Mirrors Endpoints that were made by hand, for a Service without a selector, into EndpointSlices: what reads addresses of Services
 * reads slices only. It never touches slices of others, and looks away where the Endpoints ask for that.
 */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Service } from '../api/kube-object.js';
import type { Endpoints } from '../api/workload-kinds.js';
import { KeptSlices } from './kept-slices.js';
import { mirroredSlices } from './mirrored-endpoints.js';
import { ownerReference } from './owned-objects.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** They are about the Endpoints themselves, not about what they hold. */
const keptBack = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);

export class EndpointsMirrorController {
  private readonly services: KindClient<Service>;
  private readonly endpoints: KindClient<Endpoints>;
  private readonly slices: KeptSlices;
  private readonly queue = new WorkQueue((key) => this.reconcile(key));
  private readonly stops: (() => void)[];

  constructor(cluster: Cluster) {
    this.services = cluster.resource('services');
    this.endpoints = cluster.resource('endpoints');
    const slices = cluster.resource('endpointslices.discovery.k8s.io');
    this.slices = new KeptSlices(slices, 'endpointslicemirroring-controller.k8s.io');
    this.stops = [
      this.services.watch(({ object }) => this.queue.add(keyOf(object))),
      this.endpoints.watch(({ object }) => this.queue.add(keyOf(object))),
    ];
    for (const endpoints of this.endpoints.list()) this.queue.add(keyOf(endpoints));
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.queue.close();
  }

  private async reconcile(key: string): Promise<void> {
    const { namespace, name } = targetOfKey(key);
    const endpoints = this.endpoints.find(namespace, name);
    const service = this.services.find(namespace, name);
    if (endpoints === undefined || !isMirrored(service, endpoints))
      return this.slices.remove({ namespace, name });
    const { labels = {}, annotations = {} } = endpoints.metadata;
    const metadata = {
      labels,
      annotations: Object.fromEntries(Object.entries(annotations).filter(([word]) => !keptBack.has(word))),
      ownerReferences: [ownerReference(this.endpoints.definition, endpoints)],
    };
    await this.slices.keep({ namespace, name }, metadata, mirroredSlices(endpoints));
  }
}

function isMirrored(service: Service | undefined, { metadata }: Endpoints): boolean {
  return (
    service !== undefined &&
    service.spec.selector === undefined &&
    metadata.labels?.[skipMirrorLabel] !== 'true' &&
    metadata.annotations?.[leaderAnnotation] === undefined
  );
}
