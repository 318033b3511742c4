/** Keeps Endpoints and EndpointSlices of Services with a selector in step with the Pods; what they hold is `service-endpoints.ts`. */
import { createHash } from 'node:crypto';
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import { isEqual } from '../api/json.js';
import type { Pod, Service } from '../api/kube-object.js';
import { matchesLabels } from '../api/selector.js';
import type { Endpoints, EndpointSlice } from '../api/workload-kinds.js';
import { ownerReference } from './owned-objects.js';
import { portGroups, slicesOf, subsetsOf } from './service-endpoints.js';
import type { SliceContent } from './service-endpoints.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

export class EndpointsController {
  private readonly services: KindClient<Service>;
  private readonly pods: KindClient<Pod>;
  private readonly endpoints: KindClient<Endpoints>;
  private readonly slices: KindClient<EndpointSlice>;
  private readonly queue = new WorkQueue((key) => this.reconcile(key));
  private readonly stops: (() => void)[];

  constructor(cluster: Cluster) {
    this.services = cluster.resource('services');
    this.pods = cluster.resource('pods');
    this.endpoints = cluster.resource('endpoints');
    this.slices = cluster.resource('endpointslices.discovery.k8s.io');
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
      this.slicesFor(namespace, name).forEach((slice) => this.slices.remove(slice.metadata));
      return;
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
    await this.writeSlices(service, slicesOf(groups));
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

  /** Names follow from position and ports, so the same content always lands in the same slice and nothing is rewritten in vain. */
  private async writeSlices(service: Service, contents: readonly SliceContent[]): Promise<void> {
    const { name, namespace = 'default' } = service.metadata;
    const wanted = new Map(contents.map((content) => [`${name}-${suffixOf(content)}`, content]));
    for (const slice of this.slicesFor(namespace, name))
      if (!wanted.has(slice.metadata.name)) this.slices.remove(slice.metadata);
    for (const [sliceName, { endpoints, ports }] of wanted) {
      const present = this.slices.find(namespace, sliceName);
      if (present === undefined)
        await this.slices.create(newSlice(service, sliceName, { endpoints, ports }, this.services));
      else if (!isEqual(present.endpoints, endpoints))
        this.slices.modify(present.metadata, (draft) => void (draft.endpoints = endpoints));
    }
  }

  /** Only the controller's own: slices of others for the same Service are theirs. */
  private slicesFor(namespace: string, service: string): EndpointSlice[] {
    const labels = { [serviceNameLabel]: service, [managedByLabel]: managedBy };
    return this.slices.list(namespace).filter((slice) => matchesLabels(slice.metadata.labels, labels));
  }
}

function newSlice(
  service: Service,
  name: string,
  { endpoints, ports }: Pick<SliceContent, 'endpoints' | 'ports'>,
  services: KindClient<Service>,
): Parameters<KindClient<EndpointSlice>['create']>[0] {
  const labels = {
    ...labelsFrom(service),
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedBy,
  };
  const ownerReferences = [ownerReference(services.definition, service)];
  return {
    metadata: { name, namespace: service.metadata.namespace ?? 'default', labels, ownerReferences },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

function labelsFrom(service: Service): Record<string, string> {
  const { labels = {} } = service.metadata;
  return service.spec.clusterIP === 'None' ? { ...labels, [headlessLabel]: '' } : { ...labels };
}

function suffixOf({ index, ports }: SliceContent): string {
  return createHash('sha256')
    .update(JSON.stringify([index, ports]))
    .digest('hex')
    .slice(0, 5);
}
