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
import { compareIntegerIds, intersect } from '@ringfence/labels';
import type { Direction } from './evaluate.js';
import { normalisePorts } from './ports.js';
import { labelledSelector, NOBODY, resolveScope, resolveSide, SERVICES } from './side.js';
import type { Scope, Side, SideBook } from './side.js';
import { consumerEnd, providerEnds, virtualServicesOf } from './virtual-ends.js';
import type { VirtualEnd, VirtualReferences } from './virtual-ends.js';

export interface RuleOrder {
  readonly class: RuleClass;
  /** null: a boundary; they come after the deny rules of rule sets. */
  readonly ruleSet: string | null;
  readonly rule: string;
  readonly scope: number;
  /** Of a rule that means virtual services or Services, too: between which of its ends; 0: workloads. */
  readonly part: number;
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
    a.scope - b.scope ||
    a.part - b.part
  );
}

/** What rules are compiled with. */
export interface Compiling {
  readonly references: VirtualReferences;
  readonly book: SideBook;
}

export function compileRuleSet(ruleSet: RuleSet, compiling: Compiling): CompiledRule[] {
  if (!ruleSet.enabled) return [];
  const scopes =
    ruleSet.scopes.length === 0
      ? [compiling.book.everywhere]
      : ruleSet.scopes.map((entries) => resolveScope(entries, compiling));
  const compiled: CompiledRule[] = [];
  const compile = (statement: Statement): void =>
    scopes.forEach((scope, index) => compileStatement(statement, { scope, index }, compiling, compiled));
  for (const rule of ruleSet.rules) if (rule.enabled) compile(allowStatement(ruleSet.id, rule));
  for (const rule of ruleSet.denyRules) if (rule.enabled) compile(denyStatement(ruleSet.id, rule));
  // Kept as it is, hundreds of thousands of times: without room for more.
  return compiled.slice();
}

export function compileBoundary(boundary: EnforcementBoundary, compiling: Compiling): CompiledRule[] {
  if (!boundary.enabled) return [];
  const statement: Statement = {
    says: boundary,
    ref: ruleRefs.boundary(boundary.id),
    class: 'deny',
    ruleSet: null,
    unscopedConsumers: false,
    ...AS_WORKLOADS,
  };
  const compiled: CompiledRule[] = [];
  compileStatement(statement, { scope: compiling.book.everywhere, index: 0 }, compiling, compiled);
  return compiled;
}

type Meaning = Rule['resolveProvidersAs'];
/** Deny rules reach virtual services only through the workloads behind them. */
const AS_WORKLOADS = {
  ...{ providersAre: ['workloads'], consumersAre: ['workloads'] },
  subnetsOf: [],
} satisfies Pick<Statement, 'providersAre' | 'consumersAre' | 'subnetsOf'>;
const NONE: Statement['subnetsOf'] = [];

/** What rules, deny rules and boundaries have in common. */
interface Statement {
  readonly says: Pick<Rule, 'id' | 'providers' | 'consumers' | 'services'>;
  readonly ref: string;
  readonly class: RuleClass;
  readonly ruleSet: string | null;
  readonly unscopedConsumers: boolean;
  /** What labels mean on this side. */
  readonly providersAre: Meaning;
  readonly consumersAre: Meaning;
  readonly subnetsOf: NonNullable<Rule['subnetsOf']>;
}

const allowStatement = (ruleSet: string, rule: Rule): Statement => ({
  says: rule,
  ref: ruleRefs.rule(ruleSet, rule.id),
  class: 'allow',
  ruleSet,
  unscopedConsumers: rule.unscopedConsumers,
  providersAre: rule.resolveProvidersAs,
  consumersAre: rule.resolveConsumersAs,
  subnetsOf: rule.subnetsOf ?? NONE,
});

const denyStatement = (ruleSet: string, rule: DenyRule): Statement => ({
  says: rule,
  ref: ruleRefs.denyRule(ruleSet, rule.id),
  class: rule.override ? 'override_deny' : 'deny',
  ruleSet,
  unscopedConsumers: rule.unscopedConsumers,
  ...AS_WORKLOADS,
});

/** One of a rule set's scopes. */
interface InScope {
  readonly scope: Scope;
  readonly index: number;
}

/** Nobody on one side, or no port: the rule has no effect in this scope. */
function compileStatement(
  statement: Statement,
  at: InScope,
  compiling: Compiling,
  into: CompiledRule[],
): void {
  const providers = providersOf(statement, at, compiling);
  const consumers = consumersOf(statement, at, compiling);
  providers.forEach((provider, i) =>
    consumers.forEach((consumer, k) => {
      const place = [at.index, MOST_CONSUMER_ENDS * i + k] as const;
      const compiled = compiledOf(statement, provider, consumer, { place, book: compiling.book });
      if (compiled !== null) into.push(compiled);
    }),
  );
}

type ConsumerEnd = Omit<VirtualEnd, 'ports'>;
type ProviderEnd = VirtualEnd & Pick<WireRule, 'servicePorts'>;
/** Workloads, those behind virtual services, those behind Services. */
const MOST_CONSUMER_ENDS = 3;

function providersOf(
  statement: Statement,
  { scope }: InScope,
  { book, references }: Compiling,
): ProviderEnd[] {
  const { says, providersAre } = statement;
  const services = servicesOf(statement, providersAre, says.providers, { scope, book, references });
  const workloads = resolveSide(says.providers, {
    book,
    references,
    scope,
    labelsAreWorkloads: providersAre.includes('workloads'),
    allowsContainerHost: false,
  });
  const ports = portsOf(says.services, references);
  const virtual =
    statement.class === 'allow'
      ? virtualServicesOf(says.providers, { references, scope, labelsAreVirtual: areVirtual(providersAre) })
      : [];
  const peers = statement.subnetsOf.includes('providers') ? book.subnetsOf(workloads) : workloads;
  const end = { at: workloads, peers, ports };
  const ofServices = services === null ? [] : [{ ...services, ports: ANY_PORT, servicePorts: true as const }];
  return virtual.length === 0 && services === null
    ? [end]
    : [end, ...virtual.flatMap((service) => providerEnds(service, references)), ...ofServices];
}

/** By what comes through them to the cluster, they alone decide. */
const ANY_PORT: PortRange[] = [{ proto: -1 }];

function consumersOf(statement: Statement, at: InScope, { book, references }: Compiling): ConsumerEnd[] {
  const { says, consumersAre, unscopedConsumers } = statement;
  const scope = unscopedConsumers ? book.everywhere : at.scope;
  const workloads = resolveSide(says.consumers, {
    book,
    references,
    scope,
    labelsAreWorkloads: consumersAre.includes('workloads'),
    allowsContainerHost: unscopedConsumers,
  });
  const virtual =
    statement.class === 'allow'
      ? virtualServicesOf(says.consumers, { references, scope, labelsAreVirtual: areVirtual(consumersAre) })
      : [];
  const bound = virtual.length === 0 ? null : consumerEnd(virtual, references);
  const services = servicesOf(statement, consumersAre, says.consumers, { scope, book, references });
  const peers = statement.subnetsOf.includes('consumers') ? book.subnetsOf(workloads) : workloads;
  const ends = [{ at: workloads, peers }];
  return [...ends, ...(bound === null ? [] : [bound]), ...(services === null ? [] : [services])];
}

/** Services of clusters that labels or `ams` mean on this side. */
function servicesOf(
  { class: ruleClass }: Statement,
  meaning: Meaning,
  actors: Rule['providers'],
  { scope, book, references }: Compiling & Pick<InScope, 'scope'>,
): ConsumerEnd | null {
  if (ruleClass !== 'allow' || !areVirtual(meaning)) return null;
  const { meant } = labelledSelector(actors, references, scope);
  const side = book.sideOf(intersect(meant, SERVICES));
  return side === NOBODY ? null : { at: side, peers: side };
}

const areVirtual = (meaning: Meaning): boolean => meaning.includes('virtual_services');
const isNobody = ({ at, peers }: ConsumerEnd): boolean => at.questions.length + peers.questions.length === 0;

function compiledOf(
  { says, ref, class: ruleClass, ruleSet }: Statement,
  provider: ProviderEnd,
  consumer: ConsumerEnd,
  { place: [scope, part], book }: { place: readonly [number, number]; book: SideBook },
): CompiledRule | null {
  const { ports, servicePorts } = provider;
  if (ports.length === 0 || isNobody(provider) || isNobody(consumer)) return null;
  const order = { class: ruleClass, ruleSet, rule: says.id, scope, part };
  const end = (direction: Direction, at: Side, peers: Side): RuleEnd => ({
    direction,
    order,
    wire: { ref, class: ruleClass, ports, peers: peers.peers, ...(servicePorts && { servicePorts }) },
    // Where there is nobody to ask for, nobody carries it.
    at: peers.questions.length === 0 ? NOBODY : at,
    peers,
  });
  return {
    ends: [
      end('ingress', provider.at, book.peersOf(consumer.peers, 'from')),
      end('egress', consumer.at, book.peersOf(provider.peers, 'to')),
    ],
  };
}

function portsOf(services: readonly ServiceRef[], references: VirtualReferences): PortRange[] {
  const [first, second] = services;
  if (second === undefined && first?.kind === 'ports') return normalisePorts([first.ports]);
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
    a.servicePorts === b.servicePorts &&
    sameTexts(a.onlyWorkloads ?? [], b.onlyWorkloads ?? []) &&
    isSameValue(a.ports, b.ports)
  );
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}

export const ruleKey = ({ ends: [{ wire, order }] }: CompiledRule): string =>
  `${wire.ref}#${order.scope} ${order.part}`;

/** Of one rule in one scope. The questions are hashed into the peers, so equal wires mean equal rules. */
export function sameCompiledRule(a: CompiledRule, b: CompiledRule): boolean {
  return a.ends.every((end, i) => sameWire(end.wire, b.ends[i]!.wire));
}
