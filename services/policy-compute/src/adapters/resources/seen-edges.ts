/** Edges of traffic as clients give them, with their ends as they are known here. */
import { canonicalAddress } from '@ringfence/policy-engine';
import type { FlowEdge } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import { addressEnd, entityEnd } from '../../domain/judged-by-labels.js';
import type { EntityFact } from '../../domain/facts.js';
import type { End } from '../../domain/judged-by-labels.js';
import type { SeenEdge } from '../../domain/suggestion/seen-edge.js';
import { idOf } from '../../objects/hrefs.js';
import type { FactLookup } from '../../objects/view.js';

/** Of a million edges thousands have the same end: one object for all of them. */
export function seenEdges(given: readonly FlowEdge[], { entities }: FactLookup): SeenEdge[] {
  const known = new Map<EntityFact, End>();
  const endOfEntity = (entity: EntityFact): End => {
    let end = known.get(entity);
    if (end === undefined) known.set(entity, (end = entityEnd(entity)));
    return end;
  };
  const endOf = ({ workload, ip, name }: FlowEdge['src'], field: string): End => {
    if (workload !== undefined) {
      const id = idOf(workload.href, 'workloads', field);
      const entity = entities.get(id);
      return entity === undefined ? { entity: null, token: id, name: name ?? id } : endOfEntity(entity);
    }
    const address = canonicalAddress(ip ?? '');
    if (address === null) throw invalid(`${field}.ip: "${ip ?? ''}" is no address`);
    const end = addressEnd(address);
    return name === undefined ? end : { ...end, name: `${name} (${address})` };
  };
  return given.map((edge, index) => ({
    from: endOf(edge.src, `edges[${index}].src`),
    to: endOf(edge.dst, `edges[${index}].dst`),
    proto: edge.service.proto,
    port: edge.service.port,
    connections: edge.num_connections,
    lastSeen: edge.last_detected,
    essential: edge.essential,
  }));
}
