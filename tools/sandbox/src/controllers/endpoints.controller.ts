/** Keeps Endpoints and EndpointSlices of Services with a selector in step with the Pods; what they hold is `service-endpoints.ts`. */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { Pod, Service } from '../api/kube-object.js';
import { matchesLabels } from '../api/selector.js';
import type { Endpoints } from '../api/workload-kinds.js';
import { KeptSlices } from './kept-slices.js';
import { ownerReference } from './owned-objects.js';
import { portGroups, slicesOf, subsetsOf } from './service-endpoints.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

const headlessLabel = 'service.kubernetes.io/headless';

export class EndpointsController {
  private readonly services: KindClient<Service>;
  private readonly pods: KindClient<Pod>;
  private readonly endpoints: KindClient<Endpoints>;
  private readonly slices: KeptSlices;
  private readonly queue = new WorkQueue((key) => this.reconcile(key));
  private readonly stops: (() => void)[];

  constructor(cluster: Cluster) {
    this.services = cluster.resource('services');
    this.pods = cluster.resource('pods');
    this.endpoints = cluster.resource('endpoints');
    const slices = cluster.resource('endpointslices.discovery.k8s.io');
    this.slices = new KeptSlices(slices, 'endpointslice-controller.k8s.io');
    this.stops = [
      this.services.watch(({ object }) => this.queue.add(keyOf(object))),
      this.pods.watch(({ type, object, previous }) =>
        this.onPod(type === 'DELETED' ? undefined : object, previous),
      ),
    ];
    for (const service of this.services.list()) this.queue.add(keyOf(service));
  }

  async close(): Promise<void> {
    this.stops.forEach((stop) => stop());
    await this.queue.close();
  }

  private onPod(pod: Pod | undefined, previous: Pod | undefined): void {
    const namespace = (pod ?? previous)?.metadata.namespace;
    for (const service of this.services.list(namespace)) {
      const { selector } = service.spec;
      if (selector === undefined) continue;
      const isTouched = [pod, previous].some(
        (state) => state?.status?.podIP !== undefined && matchesLabels(state.metadata.labels, selector),
      );
      if (isTouched) this.queue.add(keyOf(service));
    }
  }

  private async reconcile(key: string): Promise<void> {
    const { namespace, name } = targetOfKey(key);
    const service = this.services.find(namespace, name);
    if (service === undefined) {
      this.endpoints.remove({ namespace, name });
      return this.slices.remove({ namespace, name });
    }
    const { selector } = service.spec;
    if (
      selector === undefined ||
      Object.keys(selector).length === 0 ||
      service.metadata.deletionTimestamp !== undefined
    )
      return;
    const pods = this.pods.list(namespace).filter((pod) => matchesLabels(pod.metadata.labels, selector));
    const groups = portGroups(service, pods);
    await this.writeEndpoints(service, subsetsOf(groups));
    const ownerReferences = [ownerReference(this.services.definition, service)];
    const metadata = { labels: labelsFrom(service), ownerReferences };
    await this.slices.keep({ namespace, name }, metadata, slicesOf(groups));
  }

  private async writeEndpoints(service: Service, subsets: Endpoints['subsets']): Promise<void> {
    const { name, namespace = 'default' } = service.metadata;
    const labels = labelsFrom(service);
    if (this.endpoints.find(namespace, name) === undefined) {
      await this.endpoints.create({ metadata: { name, namespace, labels }, subsets: subsets ?? [] });
      return;
    }
    this.endpoints.modify({ namespace, name }, (draft) => {
      draft.metadata.labels = labels;
      draft.subsets = subsets ?? [];
    });
  }
}

function labelsFrom(service: Service): Record<string, string> {
  const { labels = {} } = service.metadata;
  return service.spec.clusterIP === 'None' ? { ...labels, [headlessLabel]: '' } : { ...labels };
}
