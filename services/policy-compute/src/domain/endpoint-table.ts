/** The endpoints that the control plane itself knows, per cluster that must know them, and which changed since the last flush. */
import { GLOBAL } from '@ringfence/contracts';
import type { Endpoint, LabelSetId } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import type { EntityFact } from './facts.js';

interface Known {
  readonly cluster: string;
  readonly endpoint: Endpoint;
}

export class EndpointTable {
  private readonly known = new Map<string, Known>();
  /** Per cluster (or `global`), by endpoint id. */
  private readonly standing = new Map<string, Map<string, Endpoint>>();
  /** Per cluster, by endpoint id. */
  private readonly told = new Map<string, Map<string, Endpoint>>();
  private readonly touched = new Map<string, Set<string>>();

  set(entity: string, fact: EntityFact | null, labelSet: LabelSetId | undefined): void {
    const before = this.known.get(entity);
    if (before !== undefined) this.withdraw(before);
    const endpoint = fact === null || labelSet === undefined ? null : endpointOf(fact, labelSet);
    if (endpoint === null || fact === null) this.known.delete(entity);
    else this.stand(entity, { cluster: fact.cluster, endpoint });
  }

  flush(cluster: string): { upsert: Endpoint[]; remove: string[] } {
    const known = this.told.get(cluster);
    const touched = known === undefined ? this.everyIdOf(cluster) : (this.touched.get(cluster) ?? []);
    const told = known ?? new Map<string, Endpoint>();
    this.told.set(cluster, told);
    this.touched.delete(cluster);
    const upsert: Endpoint[] = [];
    const remove: string[] = [];
    for (const id of touched) {
      const endpoint = this.standsIn(cluster, id);
      if (endpoint === undefined && told.delete(id)) remove.push(id);
      if (endpoint === undefined || isSameValue(told.get(id), endpoint)) continue;
      told.set(id, endpoint);
      upsert.push(endpoint);
    }
    return { upsert, remove };
  }

  forget(cluster: string): void {
    this.told.delete(cluster);
    this.touched.delete(cluster);
  }

  private stand(entity: string, known: Known): void {
    this.known.set(entity, known);
    const standing = this.standing.get(known.cluster) ?? new Map<string, Endpoint>();
    this.standing.set(known.cluster, standing.set(known.endpoint.id, known.endpoint));
    this.touch(known);
  }

  /** A node that was paired anew has two workloads for a moment: the one that goes must not take the other's place. */
  private withdraw(known: Known): void {
    const standing = this.standing.get(known.cluster);
    if (standing?.get(known.endpoint.id)?.workload === known.endpoint.workload)
      standing.delete(known.endpoint.id);
    this.touch(known);
  }

  private touch({ cluster, endpoint }: Known): void {
    for (const each of cluster === GLOBAL ? this.told.keys() : [cluster]) {
      const touched = this.touched.get(each);
      if (touched === undefined) this.touched.set(each, new Set([endpoint.id]));
      else touched.add(endpoint.id);
    }
  }

  private standsIn(cluster: string, id: string): Endpoint | undefined {
    return this.standing.get(cluster)?.get(id) ?? this.standing.get(GLOBAL)?.get(id);
  }

  private everyIdOf(cluster: string): string[] {
    return [cluster, GLOBAL].flatMap((scope) => [...(this.standing.get(scope)?.keys() ?? [])]);
  }
}

function endpointOf(entity: EntityFact, labelSet: LabelSetId): Endpoint | null {
  const addresses = [...new Set(entity.addresses)].sort();
  if (entity.class === 'unmanaged') {
    return { id: entity.id, workload: entity.id, labelSet, class: 'unmanaged', addresses, node: null };
  }
  if (entity.class !== 'node') return null;
  // Nodes of one label set may be in different modes, so each says its own.
  const node = entity.node ?? entity.name;
  const endpoint = { id: node, workload: entity.id, labelSet, class: entity.class, addresses, node };
  return { ...endpoint, mode: entity.mode, ...(entity.lost === true && { lost: true }) };
}
