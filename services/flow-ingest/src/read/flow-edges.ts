/** Who calls whom: the flows of a query added up by their ends and port, in the words of the API, the busiest first. */
import { isIP } from 'node:net';
import type { FlowEdge, FlowQuery } from '@ringfence/contracts';
import { flowFilter } from '../domain/flow-filter.js';
import type { Dimension, FlowGroup, FlowStore, SearchBounds } from '../store/port/flow-store.js';
import { filterNames } from './found-flows.js';
import { workloadHref } from './flow-view.js';
import type { Names } from './names.projection.js';

const EDGE = [
  'source',
  'source_kind',
  'source_name',
  'destination',
  'destination_kind',
  'destination_name',
  'proto',
  'port',
  'essential',
] as const satisfies readonly Dimension[];

export async function flowEdges(
  { store, names }: { readonly store: FlowStore; readonly names: Names },
  query: FlowQuery,
  bounds: SearchBounds,
): Promise<FlowEdge[]> {
  const groups = await store.group(flowFilter(query, filterNames(names)), EDGE, bounds);
  return groups.map(edgeOf);
}

function edgeOf({ key, connections, last_at: lastDetected }: FlowGroup): FlowEdge {
  const of = (dimension: (typeof EDGE)[number]): string => key[EDGE.indexOf(dimension)] ?? '';
  const end = (side: 'source' | 'destination'): FlowEdge['src'] => {
    const [id, name] = [of(side), of(`${side}_name`)];
    const called = name === '' ? {} : { name };
    return isIP(id) === 0
      ? { workload: { href: workloadHref(of(`${side}_kind`), id) }, ...called }
      : { ip: id, ...called };
  };
  return {
    src: end('source'),
    dst: end('destination'),
    service: { port: Number(of('port')), proto: Number(of('proto')) },
    num_connections: connections,
    last_detected: lastDetected,
    essential: of('essential') === 'true',
  };
}
