/** The EndpointSlices that one controller keeps for one Service; slices of others for the same Service are theirs. */
import { createHash } from 'node:crypto';
import type { Draft, KindClient } from '../api/kind-client.js';
import { isEqual } from '../api/json.js';
import { matchesLabels } from '../api/selector.js';
import type { EndpointSlice } from '../api/workload-kinds.js';
import type { SliceContent } from './service-endpoints.js';

export const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

interface Place {
  namespace: string;
  name: string;
}

type SliceMetadata = Pick<EndpointSlice['metadata'], 'labels' | 'annotations' | 'ownerReferences'>;

export class KeptSlices {
  constructor(
    private readonly slices: KindClient<EndpointSlice>,
    private readonly managedBy: string,
  ) {}

  /** Names follow from position and ports, so the same content always lands in the same slice and nothing is rewritten in vain. */
  async keep(service: Place, metadata: SliceMetadata, contents: readonly SliceContent[]): Promise<void> {
    const labels = { ...metadata.labels, ...this.labelsFor(service) };
    const wanted = new Map(contents.map((content) => [`${service.name}-${suffixOf(content)}`, content]));
    this.remove(service, (name) => !wanted.has(name));
    for (const [name, { endpoints, ports, addressType }] of wanted) {
      const { namespace } = service;
      const slice = { metadata: { ...metadata, labels, name, namespace }, addressType, endpoints, ports };
      await this.write(slice);
    }
  }

  remove(service: Place, isMeant: (name: string) => boolean = () => true): void {
    const labels = this.labelsFor(service);
    for (const { metadata } of this.slices.list(service.namespace))
      if (matchesLabels(metadata.labels, labels) && isMeant(metadata.name)) this.slices.remove(metadata);
  }

  private labelsFor({ name }: Place): Record<string, string> {
    return { [serviceNameLabel]: name, [managedByLabel]: this.managedBy };
  }

  private async write(slice: Draft<EndpointSlice>): Promise<void> {
    const { name, namespace, labels = {}, annotations = {} } = slice.metadata;
    const present = this.slices.find(namespace, name);
    if (present === undefined) return void (await this.slices.create(slice));
    const isSame =
      isEqual(present.endpoints, slice.endpoints) &&
      isEqual(present.metadata.labels ?? {}, labels) &&
      isEqual(present.metadata.annotations ?? {}, annotations);
    if (isSame) return;
    this.slices.modify(present.metadata, (draft) => {
      draft.endpoints = slice.endpoints;
      Object.assign(draft.metadata, { labels, annotations });
    });
  }
}

function suffixOf({ index, ports, addressType }: SliceContent): string {
  return createHash('sha256')
    .update(JSON.stringify([index, ports, addressType]))
    .digest('hex')
    .slice(0, 5);
}
