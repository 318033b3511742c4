import type { Endpoint, Group, NodeView, Unit } from '@ringfence/contracts';
import { expect } from 'vitest';

/** What a C-VEN makes of snapshot and deltas. */
export class ToldAgent {
  readonly units = new Map<string, Unit>();
  readonly groups = new Map<string, Group>();
  readonly endpoints = new Map<string, Endpoint>();
  nodePorts = new Set<string>();
  revision: number;

  constructor(snapshot: NodeView) {
    this.revision = snapshot.revision;
    this.take(snapshot);
  }

  apply(view: NodeView): void {
    expect(view.base).toBe(this.revision);
    expect(view.revision).toBeGreaterThan(this.revision);
    this.revision = view.revision;
    this.take(view);
    for (const unit of this.units.values()) {
      for (const rule of [...unit.ingress, ...unit.egress]) {
        for (const peer of rule.peers) expect(this.groups.has(peer)).toBe(true);
      }
    }
  }

  private take({ units, groups, endpoints, nodePorts }: NodeView): void {
    if (nodePorts !== undefined) this.nodePorts = new Set(nodePorts.map((target) => JSON.stringify(target)));
    for (const one of groups.upsert) this.groups.set(one.id, one);
    for (const one of endpoints.upsert) this.endpoints.set(one.id, one);
    for (const one of units.upsert) this.units.set(one.labelSet.id, one);
    for (const id of units.remove) expect(this.units.delete(id)).toBe(true);
    for (const id of endpoints.remove) expect(this.endpoints.delete(id)).toBe(true);
    for (const id of groups.remove) expect(this.groups.delete(id)).toBe(true);
  }
}
