/**
 * The provisioned objects and the label catalogue, kept compiled. A change marks what depends on it; `settle` compiles
 * just that, and says which rules are new and which are gone. A rule that means the same as before stays the same
 * object, so that nothing downstream moves.
 */
import { COMPUTED_TYPES } from '@ringfence/contracts';
import type {
  ComputedType,
  EnforcementBoundary,
  IpList,
  LabelGroup,
  LabelId,
  PolicyObjects,
  PortRange,
  RuleSet,
  ServiceObject,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import type { CatalogueIndex } from '@ringfence/labels';
import { expandLabelGroups } from './label-groups.js';
import type { ExpandedGroup } from './label-groups.js';
import { cidrsOf, fqdnsOf } from './ip-list.js';
import { compileBoundary, compileRuleSet, sameCompiledRule, sameTexts } from './rule-compiler.js';
import type { CompiledRule, RuleReferences } from './rule-compiler.js';

export interface ProvisionableObjects {
  ip_lists: IpList;
  services: ServiceObject;
  label_groups: LabelGroup;
  rule_sets: RuleSet;
  enforcement_boundaries: EnforcementBoundary;
}

export interface CompiledIpList {
  readonly cidrs: readonly string[];
  readonly fqdns: readonly string[];
}

export interface SettledRules {
  readonly added: CompiledRule[];
  readonly removed: CompiledRule[];
  /** IP lists whose addresses or names changed. */
  readonly ipLists: string[];
}

type DependencyKind = 'label' | 'label_group' | 'service';

export class PolicySource {
  readonly ipLists = new Map<string, CompiledIpList>();
  private readonly objects: { [T in ComputedType]: Map<string, ProvisionableObjects[T]> } = {
    ip_lists: new Map(),
    services: new Map(),
    label_groups: new Map(),
    rule_sets: new Map(),
    enforcement_boundaries: new Map(),
  };
  /** By `type/id` of a rule set or boundary. */
  private readonly compiled = new Map<string, CompiledRule[]>();
  /** What a rule set or boundary looked at when it was compiled, and the reverse. */
  private readonly dependencies = new Map<string, [kind: DependencyKind, id: string][]>();
  private readonly dependents: Record<DependencyKind, Map<string, Set<string>>> = {
    label: new Map(),
    label_group: new Map(),
    service: new Map(),
  };
  private readonly dirty = new Set<string>();
  private readonly dirtyIpLists = new Set<string>();
  private expanded = new Map<string, ExpandedGroup>();
  private groupsChanged = false;
  private catalogue: CatalogueIndex;

  constructor(catalogue: CatalogueIndex) {
    this.catalogue = catalogue;
  }

  setCatalogue(catalogue: CatalogueIndex, changed: Iterable<LabelId>): void {
    this.catalogue = catalogue;
    this.groupsChanged = true;
    for (const label of changed) this.markDependents('label', label);
  }

  set<T extends ComputedType>(type: T, object: ProvisionableObjects[T]): void {
    const known = this.objects[type].get(object.id);
    if (known === object || (known !== undefined && isSameValue(known, object))) return;
    this.objects[type].set(object.id, object);
    this.mark(type, object.id);
  }

  remove(type: ComputedType, id: string): void {
    if (this.objects[type].delete(id)) this.mark(type, id);
  }

  /** The whole of it: what is not named is gone. */
  replace(objects: PolicyObjects): void {
    for (const type of COMPUTED_TYPES) {
      const ids = new Set<string>(objects[type].map((object) => object.id));
      for (const id of this.objects[type].keys()) if (!ids.has(id)) this.remove(type, id);
      for (const object of objects[type]) this.set(type, object as ProvisionableObjects[typeof type]);
    }
  }

  *rules(): Generator<CompiledRule> {
    for (const rules of this.compiled.values()) yield* rules;
  }

  settle(): SettledRules {
    this.expandGroups();
    const settled: SettledRules = { added: [], removed: [], ipLists: this.settleIpLists() };
    for (const source of this.dirty) this.recompile(source, settled);
    this.dirty.clear();
    return settled;
  }

  private mark(type: ComputedType, id: string): void {
    if (type === 'rule_sets' || type === 'enforcement_boundaries') this.dirty.add(`${type}/${id}`);
    else if (type === 'services') this.markDependents('service', id);
    else if (type === 'label_groups') this.groupsChanged = true;
    else this.dirtyIpLists.add(id);
  }

  private markDependents(kind: DependencyKind, id: string): void {
    for (const source of this.dependents[kind].get(id) ?? []) this.dirty.add(source);
  }

  private expandGroups(): void {
    if (!this.groupsChanged) return;
    this.groupsChanged = false;
    const before = this.expanded;
    this.expanded = expandLabelGroups(this.objects.label_groups, this.catalogue);
    for (const id of new Set([...before.keys(), ...this.expanded.keys()])) {
      if (!sameExpansion(before.get(id), this.expanded.get(id))) this.markDependents('label_group', id);
    }
  }

  private settleIpLists(): string[] {
    const changed: string[] = [];
    for (const id of this.dirtyIpLists) {
      const list = this.objects.ip_lists.get(id);
      const before = this.ipLists.get(id);
      const now = list && { cidrs: cidrsOf(list.ranges), fqdns: fqdnsOf(list) };
      if (now === undefined) this.ipLists.delete(id);
      else this.ipLists.set(id, now);
      if (!isSameValue(before, now)) changed.push(id);
    }
    this.dirtyIpLists.clear();
    return changed;
  }

  private recompile(source: string, settled: SettledRules): void {
    const before = new Map(this.compiled.get(source)?.map((rule) => [rule.key, rule]));
    const rules = this.compile(source).map((rule) => {
      const old = before.get(rule.key);
      if (old !== undefined && sameCompiledRule(old, rule)) {
        before.delete(rule.key);
        return old;
      }
      settled.added.push(rule);
      return rule;
    });
    settled.removed.push(...before.values());
    if (rules.length > 0) this.compiled.set(source, rules);
    else this.compiled.delete(source);
  }

  private compile(source: string): CompiledRule[] {
    for (const [kind, id] of this.dependencies.get(source) ?? [])
      this.dependents[kind].get(id)?.delete(source);
    this.dependencies.delete(source);
    const [type, id] = source.split('/') as ['rule_sets' | 'enforcement_boundaries', string];
    if (type === 'rule_sets') {
      const ruleSet = this.objects.rule_sets.get(id);
      return ruleSet === undefined ? [] : compileRuleSet(ruleSet, this.referencesFor(source));
    }
    const boundary = this.objects.enforcement_boundaries.get(id);
    return boundary === undefined ? [] : compileBoundary(boundary, this.referencesFor(source));
  }

  /** Looking something up is depending on it, also where it is not there yet. */
  private referencesFor(source: string): RuleReferences {
    const dependencies: [DependencyKind, string][] = [];
    this.dependencies.set(source, dependencies);
    const dependOn = (kind: DependencyKind, id: string): void => {
      const dependents = this.dependents[kind].get(id);
      if (dependents?.has(source)) return;
      dependencies.push([kind, id]);
      if (dependents === undefined) this.dependents[kind].set(id, new Set([source]));
      else dependents.add(source);
    };
    return {
      keyOf: (label) => (dependOn('label', label), this.catalogue.keyOf(label)),
      labelGroup: (id) => (dependOn('label_group', id), this.expanded.get(id)),
      servicePorts: (id): readonly PortRange[] | undefined => (
        dependOn('service', id),
        this.objects.services.get(id)?.ports
      ),
    };
  }
}

function sameExpansion(a: ExpandedGroup | undefined, b: ExpandedGroup | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.key === b.key && sameTexts(a.labels, b.labels);
}
