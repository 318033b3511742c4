/** `networks`: read-only, and the same for everybody but those of the clusters. */
import type { EventStore } from '@ringfence/event-store';
import { notFound, page, partial } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { NETWORKS, podNetwork } from '../../domain/networks.js';
import type { Network } from '../../domain/networks.js';
import { containerClusters } from '../../read/inventory-documents.js';
import { liveNodes } from '../facts/observed.store.js';
import { showNetwork } from './interface-view.js';

export function networkOperations(store: EventStore): Operations {
  return {
    list: async ({ query }) => {
      const all = await networks(store);
      const { matched, shown } = page(all, query, {
        name: partial((each) => each.name),
        data_center: partial((each) => each.dataCenter),
      });
      return { body: shown.map(showNetwork), total: all.length, matched: matched.length };
    },
    get: async ({ ids }) => {
      const found = (await networks(store)).find(({ id }) => id === ids[0]);
      if (found === undefined) throw notFound('network');
      return { body: showNetwork(found) };
    },
  };
}

async function networks({ entities }: EventStore): Promise<Network[]> {
  const nodes = await liveNodes(entities);
  const ofClusters = (await containerClusters.live(entities)).map(({ id, body: { name } }) => {
    const cidrs = nodes.filter(({ cluster }) => cluster === id).flatMap(({ podCidrs }) => podCidrs);
    return podNetwork(id, name, [...new Set(cidrs)].sort());
  });
  return [...NETWORKS, ...ofClusters];
}
