/**
 * Rule sets and boundaries → rules in normal form, once per scope: which questions each side asks, and the wire rule
 * for each end. Who the sides are in a cluster is not decided here but by that cluster's calculator.
 */
import type {
  DenyRule,
  EnforcementBoundary,
  PortRange,
  Rule,
  RuleClass,
  RuleSet,
  ServiceRef,
  WireRule,
} from '@ringfence/contracts';
import { RULE_CLASSES } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { compareIntegerIds } from '@ringfence/labels';
import type { Direction } from './evaluate.js';
import { normalisePorts } from './ports.js';
import { resolveScope, resolveSide } from './side.js';
import type { References, Scope, Side, SideBook } from './side.js';

export interface RuleReferences extends References {
  /** Ports of a service object; undefined: it is not there. */
  servicePorts(id: string): readonly PortRange[] | undefined;
}

export interface RuleOrder {
  readonly class: RuleClass;
  /** null: a boundary; they come after the deny rules of rule sets. */
  readonly ruleSet: string | null;
  readonly rule: string;
  readonly scope: number;
}

/** A rule as one end enforces it. */
export interface RuleEnd {
  readonly direction: Direction;
  readonly order: RuleOrder;
  readonly wire: WireRule;
  /** Whose units carry it. */
  readonly at: Side;
  /** Whom it asks about. */
  readonly peers: Side;
}

/** One per rule and scope. */
export interface CompiledRule {
  readonly ends: readonly [ingress: RuleEnd, egress: RuleEnd];
}

const ACTIVE = '/orgs/1/sec_policy/active';
/** The active hrefs that verdicts name. */
export const ruleRefs = {
  rule: (ruleSet: string, rule: string): string => `${ACTIVE}/rule_sets/${ruleSet}/sec_rules/${rule}`,
  denyRule: (ruleSet: string, rule: string): string => `${ACTIVE}/rule_sets/${ruleSet}/deny_rules/${rule}`,
  boundary: (id: string): string => `${ACTIVE}/enforcement_boundaries/${id}`,
} as const;

export function compareRuleOrder(a: RuleOrder, b: RuleOrder): number {
  return (
    RULE_CLASSES.indexOf(a.class) - RULE_CLASSES.indexOf(b.class) ||
    Number(a.ruleSet === null) - Number(b.ruleSet === null) ||
    compareIntegerIds(a.ruleSet ?? '', b.ruleSet ?? '') ||
    compareIntegerIds(a.rule, b.rule) ||
    a.scope - b.scope
  );
}

/** What rules are compiled with. */
export interface Compiling {
  readonly references: RuleReferences;
  readonly book: SideBook;
}

export function compileRuleSet(ruleSet: RuleSet, compiling: Compiling): CompiledRule[] {
  if (!ruleSet.enabled) return [];
  const scopes =
    ruleSet.scopes.length === 0
      ? [compiling.book.everywhere]
      : ruleSet.scopes.map((entries) => resolveScope(entries, compiling.references));
  const statements = [
    ...ruleSet.rules.filter((rule) => rule.enabled).map((rule) => allowStatement(ruleSet.id, rule)),
    ...ruleSet.denyRules.filter((rule) => rule.enabled).map((rule) => denyStatement(ruleSet.id, rule)),
  ];
  return statements.flatMap((statement) =>
    scopes.flatMap((scope, index) => compileStatement(statement, { scope, index }, compiling) ?? []),
  );
}

export function compileBoundary(boundary: EnforcementBoundary, compiling: Compiling): CompiledRule[] {
  if (!boundary.enabled) return [];
  const statement: Statement = {
    says: boundary,
    ref: ruleRefs.boundary(boundary.id),
    class: 'deny',
    ruleSet: null,
    unscopedConsumers: false,
    providersAreWorkloads: true,
    consumersAreWorkloads: true,
  };
  const compiled = compileStatement(statement, { scope: compiling.book.everywhere, index: 0 }, compiling);
  return compiled === null ? [] : [compiled];
}

/** What rules, deny rules and boundaries have in common. */
interface Statement {
  readonly says: Pick<Rule, 'id' | 'providers' | 'consumers' | 'services'>;
  readonly ref: string;
  readonly class: RuleClass;
  readonly ruleSet: string | null;
  readonly unscopedConsumers: boolean;
  readonly providersAreWorkloads: boolean;
  readonly consumersAreWorkloads: boolean;
}

const allowStatement = (ruleSet: string, rule: Rule): Statement => ({
  says: rule,
  ref: ruleRefs.rule(ruleSet, rule.id),
  class: 'allow',
  ruleSet,
  unscopedConsumers: rule.unscopedConsumers,
  providersAreWorkloads: rule.resolveProvidersAs.includes('workloads'),
  consumersAreWorkloads: rule.resolveConsumersAs.includes('workloads'),
});

const denyStatement = (ruleSet: string, rule: DenyRule): Statement => ({
  says: rule,
  ref: ruleRefs.denyRule(ruleSet, rule.id),
  class: rule.override ? 'override_deny' : 'deny',
  ruleSet,
  unscopedConsumers: rule.unscopedConsumers,
  providersAreWorkloads: true,
  consumersAreWorkloads: true,
});

/** One of a rule set's scopes. */
interface InScope {
  readonly scope: Scope;
  readonly index: number;
}

/** null: nobody on one side, or no port: the rule has no effect in this scope. */
function compileStatement(
  statement: Statement,
  { scope, index }: InScope,
  { book, references }: Compiling,
): CompiledRule | null {
  const ports = portsOf(statement.says.services, references);
  const provider = resolveSide(statement.says.providers, {
    book,
    references,
    scope,
    labelsAreWorkloads: statement.providersAreWorkloads,
    allowsContainerHost: false,
  });
  const consumer = resolveSide(statement.says.consumers, {
    book,
    references,
    scope: statement.unscopedConsumers ? book.everywhere : scope,
    labelsAreWorkloads: statement.consumersAreWorkloads,
    allowsContainerHost: statement.unscopedConsumers,
  });
  if (ports.length === 0 || provider.questions.length === 0 || consumer.questions.length === 0) return null;
  const order = {
    class: statement.class,
    ruleSet: statement.ruleSet,
    rule: statement.says.id,
    scope: index,
  };
  const end = (direction: Direction, at: Side, peers: Side): RuleEnd => {
    const wire = {
      ref: statement.ref,
      class: statement.class,
      ports,
      peers: peers.peers,
    };
    return { direction, order, wire, at, peers };
  };
  return {
    ends: [end('ingress', provider, consumer), end('egress', consumer, provider)],
  };
}

function portsOf(services: readonly ServiceRef[], references: RuleReferences): PortRange[] {
  return normalisePorts(
    services.flatMap((service) =>
      service.kind === 'ports' ? [service.ports] : [...(references.servicePorts(service.id) ?? [])],
    ),
  );
}

export function sameWire(a: WireRule, b: WireRule): boolean {
  if (a === b) return true;
  return (
    a.ref === b.ref &&
    a.class === b.class &&
    sameTexts(a.peers, b.peers) &&
    sameTexts(a.onlyWorkloads ?? [], b.onlyWorkloads ?? []) &&
    isSameValue(a.ports, b.ports)
  );
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}

export const ruleKey = ({ ends: [{ wire, order }] }: CompiledRule): string => `${wire.ref}#${order.scope}`;

/** Of one rule in one scope. The questions are hashed into the peers, so equal wires mean equal rules. */
export function sameCompiledRule(a: CompiledRule, b: CompiledRule): boolean {
  return a.ends.every((end, i) => sameWire(end.wire, b.ends[i]!.wire));
}
