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
  RuleSet,
  ServiceBinding,
  ServiceObject,
  VirtualService,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { addTo, removeFrom } from '@ringfence/labels';
import type { CatalogueIndex, SmallSet } from '@ringfence/labels';
import { expandLabelGroups } from './label-groups.js';
import type { ExpandedGroup } from './label-groups.js';
import { cidrsOf, fqdnsOf } from './ip-list.js';
import { compileBoundary, compileRuleSet, ruleKey, sameCompiledRule, sameTexts } from './rule-compiler.js';
import type { CompiledRule, Compiling } from './rule-compiler.js';
import { SideBook } from './side.js';
import { SourceBook } from './source-book.js';
import type { ReferentKind, Source } from './source-book.js';
import type { VirtualReferences } from './virtual-ends.js';

export interface ProvisionableObjects {
  ip_lists: IpList;
  services: ServiceObject;
  label_groups: LabelGroup;
  rule_sets: RuleSet;
  enforcement_boundaries: EnforcementBoundary;
  virtual_services: VirtualService;
  service_bindings: ServiceBinding;
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

export class PolicySource {
  readonly ipLists = new Map<string, CompiledIpList>();
  private readonly objects: { [T in ComputedType]: Map<string, ProvisionableObjects[T]> } = {
    ip_lists: new Map(),
    services: new Map(),
    label_groups: new Map(),
    rule_sets: new Map(),
    enforcement_boundaries: new Map(),
    virtual_services: new Map(),
    service_bindings: new Map(),
  };
  /** Service bindings by the virtual service that they are of. */
  private readonly bindings = new Map<string, SmallSet<ServiceBinding>>();
  private readonly sources = new SourceBook();
  private readonly dirty = new Set<Source>();
  private readonly dirtyIpLists = new Set<string>();
  private expanded = new Map<string, ExpandedGroup>();
  private groupsChanged = false;
  private crossing = false;
  private catalogue: CatalogueIndex;
  /** Depends on what is looked at meanwhile. */
  private compiled: Source | undefined;
  private readonly references: VirtualReferences = {
    keyOf: (label) => (this.look('label', label), this.catalogue.keyOf(label)),
    labelGroup: (id) => (this.look('label_group', id), this.expanded.get(id)),
    servicePorts: (id) => (this.look('service', id), this.objects.services.get(id)?.ports),
    virtualService: (id) => (this.look('virtual_service', id), this.objects.virtual_services.get(id)),
    virtualServices: () => (this.look('virtual_service', ANY), this.objects.virtual_services.values()),
    bindingsOf: (id) => this.bindings.get(id) ?? [],
  };

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
    if (known !== undefined) this.unbind(type, known);
    this.objects[type].set(object.id, object);
    if (type === 'service_bindings') this.bind(object as ServiceBinding);
    else this.mark(type, object.id);
  }

  remove(type: ComputedType, id: string): void {
    const known = this.objects[type].get(id);
    if (known === undefined) return;
    this.objects[type].delete(id);
    this.unbind(type, known);
    if (type !== 'service_bindings') this.mark(type, id);
  }

  /** Whether there are other clusters that rules may reach. */
  setCrossing(crossing: boolean): void {
    if (crossing === this.crossing) return;
    this.crossing = crossing;
    for (const source of this.sources.all()) this.dirty.add(source);
  }

  /** The whole of it: what is not named is gone. */
  replace(objects: PolicyObjects): void {
    for (const type of COMPUTED_TYPES) {
      const ids = new Set<string>(objects[type].map((object) => object.id));
      for (const id of this.objects[type].keys()) if (!ids.has(id)) this.remove(type, id);
      for (const object of objects[type]) this.set(type, object as ProvisionableObjects[typeof type]);
    }
  }

  rules(): Iterable<CompiledRule> {
    return this.sources.rules();
  }

  settle(): SettledRules {
    this.expandGroups();
    const settled: SettledRules = { added: [], removed: [], ipLists: this.settleIpLists() };
    const book = new SideBook(this.crossing);
    for (const source of this.dirty) this.recompile(source, book, settled);
    this.dirty.clear();
    return settled;
  }

  private mark(type: Exclude<ComputedType, 'service_bindings'>, id: string): void {
    if (type === 'rule_sets' || type === 'enforcement_boundaries')
      this.dirty.add(this.sources.open(type, id));
    else if (type === 'services') this.markDependents('service', id);
    else if (type === 'label_groups') this.groupsChanged = true;
    else if (type === 'virtual_services') this.markVirtualService(id);
    else this.dirtyIpLists.add(id);
  }

  private bind(binding: ServiceBinding): void {
    addTo(this.bindings, binding.virtualService, binding);
    this.markVirtualService(binding.virtualService);
  }

  private unbind(type: ComputedType, known: ProvisionableObjects[ComputedType]): void {
    if (type !== 'service_bindings') return;
    const binding = known as ServiceBinding;
    removeFrom(this.bindings, binding.virtualService, binding);
    this.markVirtualService(binding.virtualService);
  }

  private markVirtualService(id: string): void {
    this.markDependents('virtual_service', id);
    this.markDependents('virtual_service', ANY);
  }

  private markDependents(kind: ReferentKind, id: string): void {
    for (const source of this.sources.dependentsOf(kind, id)) this.dirty.add(source);
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

  private recompile(source: Source, book: SideBook, settled: SettledRules): void {
    const before = source.rules;
    this.sources.dependOnNothing(source);
    this.compiled = source;
    const compiled = this.compile(source, { book, references: this.references });
    if (before.length === 0) {
      source.rules = compiled;
      for (const rule of compiled) settled.added.push(rule);
    } else source.rules = keepSame(before, compiled, settled);
    this.sources.tidy(source);
  }

  private compile({ type, id }: Source, compiling: Compiling): readonly CompiledRule[] {
    if (type === 'rule_sets') {
      const ruleSet = this.objects.rule_sets.get(id);
      return ruleSet === undefined ? [] : compileRuleSet(ruleSet, compiling);
    }
    const boundary = this.objects.enforcement_boundaries.get(id);
    return boundary === undefined ? [] : compileBoundary(boundary, compiling);
  }

  private look(kind: ReferentKind, id: string): void {
    if (this.compiled !== undefined) this.sources.depend(this.compiled, kind, id);
  }
}

/** Who looks at all virtual services depends on each. */
const ANY = '*';

/** A rule that means the same as before stays what it was. */
function keepSame(
  before: readonly CompiledRule[],
  compiled: readonly CompiledRule[],
  { added, removed }: SettledRules,
): CompiledRule[] {
  const gone = new Map(before.map((rule) => [ruleKey(rule), rule]));
  const rules = compiled.map((rule) => {
    const key = ruleKey(rule);
    const old = gone.get(key);
    if (old !== undefined && sameCompiledRule(old, rule)) {
      gone.delete(key);
      return old;
    }
    added.push(rule);
    return rule;
  });
  removed.push(...gone.values());
  return rules;
}

function sameExpansion(a: ExpandedGroup | undefined, b: ExpandedGroup | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.key === b.key && sameTexts(a.labels, b.labels);
}
