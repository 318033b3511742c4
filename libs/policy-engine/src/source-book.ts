/**
 * Rule sets and boundaries, each with what it was compiled to, and which of them looked at what: looking something up is
 * depending on it, also where it is not there yet.
 */
import { appended, SmallSet } from '@ringfence/labels';
import type { CompiledRule } from './rule-compiler.js';

export type SourceType = 'rule_sets' | 'enforcement_boundaries';
/** What rules refer to by id, and are compiled again for. */
export type ReferentKind = 'label' | 'label_group' | 'service' | 'virtual_service';

export interface Source {
  readonly type: SourceType;
  readonly id: string;
  rules: readonly CompiledRule[];
  /** Dependents of what it looked at when it was compiled: it is in each of them. */
  among: SmallSet<Source>[];
}

export class SourceBook {
  private readonly sources: Record<SourceType, Map<string, Source>> = {
    rule_sets: new Map(),
    enforcement_boundaries: new Map(),
  };
  private readonly dependents: Record<ReferentKind, Map<string, SmallSet<Source>>> = {
    label: new Map(),
    label_group: new Map(),
    service: new Map(),
    virtual_service: new Map(),
  };

  *rules(): Generator<CompiledRule> {
    for (const type of ['rule_sets', 'enforcement_boundaries'] as const)
      for (const { rules } of this.sources[type].values()) yield* rules;
  }

  all(): Source[] {
    return [...this.sources.rule_sets.values(), ...this.sources.enforcement_boundaries.values()];
  }

  open(type: SourceType, id: string): Source {
    let source = this.sources[type].get(id);
    if (source === undefined) this.sources[type].set(id, (source = { type, id, rules: NONE, among: [] }));
    return source;
  }

  /** One that has no rules and looked at nothing is forgotten: it is gone, or not enabled. */
  tidy({ type, id, rules, among }: Source): void {
    if (rules.length === 0 && among.length === 0) this.sources[type].delete(id);
  }

  dependentsOf(kind: ReferentKind, id: string): Iterable<Source> {
    return this.dependents[kind].get(id) ?? [];
  }

  depend(source: Source, kind: ReferentKind, id: string): void {
    let dependents = this.dependents[kind].get(id);
    if (dependents === undefined) this.dependents[kind].set(id, (dependents = new SmallSet()));
    if (dependents.has(source)) return;
    dependents.add(source);
    source.among = appended(source.among, dependents);
  }

  /** It is compiled anew. */
  dependOnNothing(source: Source): void {
    for (const dependents of source.among) dependents.delete(source);
    source.among = [];
  }
}

const NONE: readonly CompiledRule[] = [];
