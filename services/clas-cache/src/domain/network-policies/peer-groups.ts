/** Groups that rules of NetworkPolicies name, each as long as somebody names it, and the variants that are in them. */
import { makeGroup } from '@ringfence/contracts';
import type { Group, GroupId, LabelSetId } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { Counter } from '../counter.js';
import type { AskedGroups } from './policy-rules.js';
import type { Traits } from './pod-traits.calculator.js';

type PodGroup = AskedGroups['pods'] extends Map<GroupId, infer G> ? G : never;

export class PeerGroups {
  private readonly users = new Counter<GroupId>();
  private readonly pods = new Map<GroupId, PodGroup>();
  private readonly addresses = new Map<GroupId, Group>();
  private readonly groupsOf = new Map<string, Set<GroupId>>();
  private readonly variants = new Map<LabelSetId, Traits>();
  private readonly variantsOf = new Map<string, Set<LabelSetId>>();
  private readonly dirty = new Set<GroupId>();
  private readonly told = new Map<GroupId, Group>();

  ask({ pods, addresses }: AskedGroups): void {
    for (const [id, group] of pods) {
      if (this.users.add(id, 1) > 1) continue;
      this.pods.set(id, group);
      this.groupsOf.set(group.peer, (this.groupsOf.get(group.peer) ?? new Set()).add(id));
      this.dirty.add(id);
    }
    for (const [id, group] of addresses) {
      if (this.users.add(id, 1) > 1) continue;
      this.addresses.set(id, group);
      this.dirty.add(id);
    }
  }

  askNoMore({ pods, addresses }: AskedGroups): void {
    for (const [id, { peer }] of pods) {
      if (this.users.add(id, -1) > 0) continue;
      this.pods.delete(id);
      dropFrom(this.groupsOf, peer, id);
      this.dirty.add(id);
    }
    for (const id of addresses.keys()) {
      if (this.users.add(id, -1) > 0) continue;
      this.addresses.delete(id);
      this.dirty.add(id);
    }
  }

  join(id: LabelSetId, traits: Traits): void {
    this.variants.set(id, traits);
    for (const peer of traits.peers) {
      this.variantsOf.set(peer, (this.variantsOf.get(peer) ?? new Set()).add(id));
      this.touch(peer);
    }
  }

  leave(id: LabelSetId): void {
    for (const peer of this.variants.get(id)?.peers ?? []) {
      dropFrom(this.variantsOf, peer, id);
      this.touch(peer);
    }
    this.variants.delete(id);
  }

  /** What changed of the groups. */
  take(): { readonly upsert: Group[]; readonly remove: GroupId[] } {
    const changes = { upsert: [] as Group[], remove: [] as GroupId[] };
    for (const id of this.dirty) {
      const group = this.group(id);
      if (group === undefined) {
        if (this.told.delete(id)) changes.remove.push(id);
      } else if (!isSameValue(this.told.get(id), group)) {
        this.told.set(id, group);
        changes.upsert.push(group);
      }
    }
    this.dirty.clear();
    return changes;
  }

  private group(id: GroupId): Group | undefined {
    const asked = this.pods.get(id);
    if (asked === undefined) return this.addresses.get(id);
    const all = [...(this.variantsOf.get(asked.peer) ?? [])];
    const labelSets = all.filter((variant) => isThere(this.variants.get(variant)!, asked));
    return makeGroup(id, { labelSets: labelSets.sort() });
  }

  private touch(peer: string): void {
    for (const id of this.groupsOf.get(peer) ?? []) this.dirty.add(id);
  }
}

const isThere = ({ ports }: Traits, { port }: PodGroup): boolean =>
  port === null || ports.get(port[0])?.includes(port[1]) === true;

function dropFrom<T>(sets: Map<string, Set<T>>, key: string, one: T): void {
  const set = sets.get(key);
  set?.delete(one);
  if (set?.size === 0) sets.delete(key);
}
