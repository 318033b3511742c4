/**
 * What every node must be able to judge for Pods of other nodes: the ports that Services make reachable by addresses of
 * nodes, and of those Pods' units the ingress rules for just these ports. As much as there are such Services, not Pods.
 */
import type { LabelSetId, NodePortTarget, PortRange, Unit } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { onPorts } from '@ringfence/policy-engine';

export interface GuardChanges {
  /** Whole list, when it changed. */
  readonly nodePorts: readonly NodePortTarget[] | null;
  readonly units: { readonly upsert: readonly Unit[]; readonly remove: readonly LabelSetId[] };
}

export class NodePortGuards {
  private readonly told = new Map<LabelSetId, Unit>();
  private guarded: readonly NodePortTarget[] = [];
  private text = '[]';

  get targets(): readonly NodePortTarget[] {
    return this.guarded;
  }

  settle(targets: readonly NodePortTarget[], unitOf: (id: LabelSetId) => Unit | undefined): GuardChanges {
    const text = JSON.stringify(targets);
    const hasMoved = text !== this.text;
    this.guarded = targets;
    this.text = text;
    const units = this.units(unitOf);
    return { nodePorts: hasMoved ? targets : null, units };
  }

  private units(unitOf: (id: LabelSetId) => Unit | undefined): { upsert: Unit[]; remove: LabelSetId[] } {
    const changes = { upsert: [] as Unit[], remove: [] as LabelSetId[] };
    const ports = new Map<LabelSetId, NodePortTarget[]>();
    for (const target of this.guarded)
      ports.set(target.labelSet, [...(ports.get(target.labelSet) ?? []), target]);
    for (const [id, own] of ports) {
      const unit = unitOf(id);
      const told = this.told.get(id);
      const guard = unit && guardUnit(unit, own);
      if (guard === undefined || isSameValue(told, guard)) continue;
      this.told.set(id, guard);
      changes.upsert.push(guard);
    }
    for (const id of this.told.keys()) {
      if (ports.has(id) && unitOf(id) !== undefined) continue;
      this.told.delete(id);
      changes.remove.push(id);
    }
    return changes;
  }
}

export function guardUnit({ ingress, ...unit }: Unit, targets: readonly NodePortTarget[]): Unit {
  const isFor = (ports: readonly PortRange[]): boolean =>
    targets.some(({ proto, port }) => onPorts(ports, { proto, port, peer: '' }));
  return { ...unit, ingress: ingress.filter(({ ports }) => isFor(ports)), egress: [] };
}
