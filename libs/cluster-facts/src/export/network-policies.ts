/**
 * Rule sets → NetworkPolicies, for clusters without our agents. Pods of a scope are isolated both ways, as full mode isolates them, and
 * then let through what the rules allow. What NetworkPolicies cannot say is left out, which closes it, and named: never is more let
 * through between Pods than the rules allow.
 */
import type { DenyRule, PolicyObjects, PortRange, Rule, RuleSet } from '@ringfence/contracts';
import { intersect } from '@ringfence/labels';
import { expandLabelGroups, resolveScope, SideBook } from '@ringfence/policy-engine';
import type { Scope } from '@ringfence/policy-engine';
import { withFixed } from './carried.js';
import type { Catalogue, ExportedNamespace } from './carried.js';
import { ExportBudget } from './export-budget.js';
import { ASKING_DNS, selecting } from './manifest.js';
import type { NetworkPolicyManifest, PeerManifest, Requirement, RuleManifest } from './manifest.js';
import { both, inNamespaces, saidSide } from './said-side.js';
import type { Found, Ground, SaidSide } from './said-side.js';
import { haveCommonPort, saidPorts } from './said-ports.js';

export interface ExportWish extends Catalogue {
  readonly objects: Pick<PolicyObjects, 'ip_lists' | 'services' | 'label_groups'>;
  readonly ruleSets: readonly RuleSet[];
  readonly namespaces: readonly ExportedNamespace[];
  readonly carriers: ReadonlyMap<string, string>;
  /** Whether everybody in a scope may ask the cluster's DNS, as in full mode of ours. */
  readonly dns: boolean;
}
/** What is not in the NetworkPolicies, or not wholly. `rule` null: the whole rule set, in one of its scopes. */
export interface NotSaid {
  readonly ruleSet: string;
  readonly rule: { readonly kind: 'sec_rules' | 'deny_rules'; readonly id: string } | null;
  readonly token: string;
  readonly what: string;
}
export interface ExportedPolicies {
  readonly policies: readonly NetworkPolicyManifest[];
  readonly notSaid: readonly NotSaid[];
}

/** Null: more than one export may be (`ExportBudget`). */
export function exportNetworkPolicies(wish: ExportWish): ExportedPolicies | null {
  const budget = new ExportBudget();
  const book = new Exporting(wish, budget);
  for (const ruleSet of wish.ruleSets) if (ruleSet.enabled) book.ruleSet(ruleSet);
  if (budget.isSpent) return null;
  return { policies: book.policies, notSaid: distinct(book.notSaid) };
}

interface InScope {
  readonly ruleSet: RuleSet;
  readonly scope: Scope;
  readonly number: number;
}
/** An override-deny rule in one of its scopes: what it may mean is left out of everything. */
interface Denied {
  readonly id: string;
  readonly ports: readonly PortRange[];
  readonly consumers: SaidSide;
  readonly providers: SaidSide;
}

class Exporting {
  readonly policies: NetworkPolicyManifest[] = [];
  readonly notSaid: NotSaid[] = [];
  private readonly ground: Ground;
  private readonly book = new SideBook();
  private readonly services: ReadonlyMap<string, readonly PortRange[]>;
  /** Of all that are exported. */
  private readonly scopes: readonly Scope[];
  private readonly denied: readonly Denied[];
  private readonly deniedPorts: number;

  constructor(
    private readonly wish: ExportWish,
    private readonly budget: ExportBudget,
  ) {
    const { objects, namespaces, carriers, keyOf, valueOf } = wish;
    const groups = expandLabelGroups(new Map(objects.label_groups.map((one) => [one.id, one])), { keyOf });
    const lists = new Map(objects.ip_lists.map((list) => [list.id, list]));
    this.ground = {
      budget,
      namespaces: namespaces.map((one) => withFixed(one, wish)),
      by: { carriers, keyOf, valueOf },
      references: { keyOf, labelGroup: (id) => groups.get(id) },
      ipList: (id) => lists.get(id),
    };
    this.services = new Map(objects.services.map(({ id, ports }) => [id, ports]));
    const inForce = wish.ruleSets.filter(({ enabled }) => enabled);
    this.scopes = inForce.flatMap((one) => this.scopesOf(one));
    this.denied = inForce.flatMap((one) => this.deniedBy(one));
    this.deniedPorts = this.denied.reduce((sum, { ports }) => sum + ports.length, 0);
  }

  ruleSet(ruleSet: RuleSet): void {
    for (const [index, scope] of this.scopesOf(ruleSet).entries()) {
      if (this.budget.isSpent) return;
      const inScope = { ruleSet, scope, number: index + 1 };
      this.isolate(inScope);
      for (const rule of ruleSet.rules) if (rule.enabled && !this.budget.isSpent) this.rule(rule, inScope);
    }
    for (const { enabled, override, id } of ruleSet.denyRules) {
      if (!enabled) continue;
      const [token, what] = override
        ? ['override_deny', 'NetworkPolicies deny nothing by a rule: what it may deny is not allowed either']
        : ['deny', 'NetworkPolicies deny nothing by a rule: what no rule allows is dropped'];
      this.notSaid.push({ ruleSet: ruleSet.id, rule: { kind: 'deny_rules', id }, token, what });
    }
  }

  private scopesOf({ scopes }: RuleSet): Scope[] {
    return (scopes.length === 0 ? [[]] : scopes).map((entries) =>
      resolveScope(entries, { book: this.book, references: this.ground.references }),
    );
  }

  private isolate({ ruleSet, scope, number }: InScope): void {
    const { found, unsaid } = inNamespaces(scope.selector, this.ground);
    for (const { token, what } of unsaid) this.notSaid.push({ ruleSet: ruleSet.id, rule: null, token, what });
    const rest = {
      policyTypes: ['Ingress', 'Egress'] as const,
      ...(this.wish.dns && { egress: [ASKING_DNS] }),
    };
    this.write(ruleSet, found, { nameOf: () => `ringfence-${ruleSet.id}-${number}`, rest });
  }

  private rule(rule: Rule, inScope: InScope): void {
    const { ruleSet, scope } = inScope;
    const tell = (token: string, what: string): void =>
      void this.notSaid.push({
        ...{ ruleSet: ruleSet.id, rule: { kind: 'sec_rules' as const, id: rule.id } },
        ...{ token, what },
      });
    const ranges = this.portsOf(rule);
    const { providers, consumers } = this.sidesOf(rule, scope);
    for (const side of [rule.resolveProvidersAs, rule.resolveConsumersAs])
      if (side.includes('virtual_services')) tell('actor_not_said', 'virtual services that labels mean');
    for (const { token, what } of [...providers.unsaid, ...consumers.unsaid]) tell(token, what);
    const { ports, unsaid } = saidPorts(ranges);
    for (const what of unsaid) tell('protocol_not_said', what);
    this.budget.look((1 + this.deniedPorts) * ranges.length);
    const denied = this.denied.find((one) => mayMeet(one, { ports: ranges, consumers, providers }));
    if (denied !== undefined)
      return tell('override_deny', `override-deny rule ${denied.id} may deny some of it, so none is allowed`);
    if (ports?.length === 0) return;
    const on = ports === null ? {} : { ports };
    this.allow('in', { rule, inScope, own: providers, others: consumers.peers, on });
    this.allow('out', { rule, inScope, own: consumers, others: providers.peers, on });
  }

  /**
   * Who is selected is in a scope, and so isolated anyway: nobody else is to be by this. From outside its own scope a rule means
   * consumers whom another one isolates.
   */
  private allow(
    way: 'in' | 'out',
    { rule, inScope: { ruleSet, scope, number }, own, others, on }: Allowing,
  ): void {
    if (others.length === 0) return;
    const scopes = way === 'out' && rule.unscopedConsumers ? this.scopes : [scope];
    const selected = new Map(
      scopes
        .flatMap((one) => inNamespaces(both(own.selector, one), this.ground).found)
        .map((found) => [JSON.stringify(found), found]),
    );
    const rules: RuleManifest[] = [{ ...on, [way === 'in' ? 'from' : 'to']: others }];
    this.write(ruleSet, [...selected.values()], {
      nameOf: (index) => `ringfence-${ruleSet.id}-${number}-${rule.id}-${way}-${index + 1}`,
      rest:
        way === 'in'
          ? { policyTypes: ['Ingress'], ingress: rules }
          : { policyTypes: ['Egress'], egress: rules },
    });
  }

  private write(ruleSet: RuleSet, found: readonly Found[], { nameOf, rest }: Written): void {
    const characters = JSON.stringify(rest).length + ruleSet.name.length + FRAME_CHARACTERS;
    for (const [index, { namespace, pods }] of found.entries()) {
      this.budget.write(characters + JSON.stringify(pods).length);
      if (this.budget.isSpent) return;
      this.policies.push(policy({ name: nameOf(index), namespace, ruleSet, pods }, rest));
    }
  }

  private sidesOf(
    rule: Rule | DenyRule,
    scope: Scope,
  ): { readonly providers: SaidSide; readonly consumers: SaidSide } {
    const resolves = (side: 'resolveProvidersAs' | 'resolveConsumersAs'): boolean =>
      !('resolveProvidersAs' in rule) || rule[side].includes('workloads');
    const from = rule.unscopedConsumers ? this.book.everywhere : scope;
    const { ground } = this;
    return {
      providers: saidSide(rule.providers, scope, { ground, areWorkloads: resolves('resolveProvidersAs') }),
      consumers: saidSide(rule.consumers, from, { ground, areWorkloads: resolves('resolveConsumersAs') }),
    };
  }

  private portsOf({ services }: Pick<Rule, 'services'>): PortRange[] {
    return services.flatMap((one) =>
      one.kind === 'ports' ? [one.ports] : (this.services.get(one.id) ?? []),
    );
  }

  private deniedBy(ruleSet: RuleSet): Denied[] {
    return ruleSet.denyRules
      .filter(({ enabled, override }) => enabled && override)
      .flatMap((rule) =>
        this.scopesOf(ruleSet).map((scope) => ({
          ...{ id: rule.id, ports: this.portsOf(rule) },
          ...this.sidesOf(rule, scope),
        })),
      );
  }
}

/** Of a manifest, beside what differs from one to the other. */
const FRAME_CHARACTERS = 250;

type Spec = Omit<NetworkPolicyManifest['spec'], 'podSelector'>;
interface Written {
  readonly nameOf: (index: number) => string;
  readonly rest: Spec;
}

interface Allowing {
  readonly rule: Rule;
  readonly inScope: InScope;
  readonly own: SaidSide;
  readonly others: readonly PeerManifest[];
  readonly on: Pick<RuleManifest, 'ports'>;
}

type Meant = Omit<Denied, 'id'>;
const mayMeet = (a: Meant, b: Meant): boolean =>
  haveCommonPort(a.ports, b.ports) &&
  (['consumers', 'providers'] as const).every((side) => mayBeSame(a[side], b[side]));

/** By addresses anybody may be meant. */
const mayBeSame = (a: SaidSide, b: SaidSide): boolean =>
  a.namesOthers || b.namesOthers || intersect(a.selector, b.selector) !== null;

interface Selected {
  readonly name: string;
  readonly namespace: string;
  readonly ruleSet: RuleSet;
  readonly pods: readonly Requirement[];
}
const policy = ({ name, namespace, ruleSet, pods }: Selected, rest: Spec): NetworkPolicyManifest => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  metadata: { name, namespace, annotations: { 'ringfence.io/rule-set': ruleSet.name } },
  spec: { podSelector: selecting(pods), ...rest },
});

function distinct(all: readonly NotSaid[]): NotSaid[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
