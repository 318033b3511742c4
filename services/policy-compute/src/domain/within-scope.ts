/**
 * What somebody may do whose roles hold within labels, judged on the book that the command is decided on: before and after the change, so
 * that nothing is moved into his scope or out of it. What is not named here he may not.
 *
 * A rule set lies within a scope when each of its own scopes does; label groups in it by their labels, in draft and in force. A full manager
 * writes rules that concern nobody outside but as consumers; a limited one writes rules among those inside (decision 0044).
 */
import type { Grant, GrantedLabel, LabelId, ProvisionableType, Role, ScopeEntry } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { liesWithin } from '@ringfence/labels';
import { labelsOfGroup } from './label-group-labels.js';
import { chosenPending, entryOf } from './policy-book.js';
import type { Entry, PolicyBook } from './policy-book.js';
import type { PolicyIntent } from './policy.decider.js';
import { RULE_LISTS } from './policy-object.js';
import type { AnyRule, PolicyObject, StoredRuleSet } from './policy-object.js';
import { sameRule } from './rule-stamps.js';

type Grants = readonly Grant[];
/** As it would be, or was; null: it is not there. */
type MaybeRuleSet = StoredRuleSet | null;

const MANAGERS: readonly Role[] = ['ruleset_manager', 'limited_ruleset_manager'];
/** What `global_object_provisioner` provisions. */
const GLOBAL_OBJECTS: readonly ProvisionableType[] = ['ip_lists', 'services', 'label_groups'];

/** Why none of these grants is for it, or null. */
export function refusedByScope(book: PolicyBook, intent: PolicyIntent, within: Grants): Rejection | null {
  switch (intent.do) {
    case 'create':
      return mayDraft(book, within, intent.type, [null, intent.object]);
    case 'change': {
      const entry = entryOf(book, intent.type, intent.object.id);
      return mayDraft(book, within, intent.type, [shownOf(entry), intent.object]);
    }
    case 'delete': {
      const entry = entryOf(book, intent.type, intent.id);
      return entry === undefined ? null : gone(book, within, entry);
    }
    case 'revert':
      return first(chosenPending(book, intent.chosen), (entry) =>
        mayDraft(book, within, entry.type, [entry.draft, entry.active]),
      );
    case 'provision':
      return first(chosenPending(book, intent.chosen), (entry) => mayProvision(book, within, entry));
    default:
      return forbidden('this is not for your roles');
  }
}

/** Whether one of these grants is for what is shown: the answers' `caps`. */
export function isCapable(book: PolicyBook, cap: string, entry: Entry, within: Grants): boolean {
  if (cap === 'provision') return mayProvision(book, within, entry) === null;
  const shown = shownOf(entry);
  return entry.type === 'rule_sets' && shown !== null && covers(book, of(within, MANAGERS), ruleSet(shown));
}

/** Whether all of it lies within one of these, whatever their role. */
export const liesInside = (
  book: PolicyBook,
  type: ProvisionableType,
  object: PolicyObject,
  within: Grants,
): boolean => type === 'rule_sets' && covers(book, within, ruleSet(object));

const of = (within: Grants, roles: readonly Role[]): Grants =>
  within.filter(({ role }) => roles.includes(role));
const ruleSet = (object: PolicyObject): StoredRuleSet => object as StoredRuleSet;
const shownOf = (entry: Entry | undefined): PolicyObject | null => entry?.draft ?? entry?.active ?? null;

function first<T>(items: readonly T[], problemOf: (item: T) => Rejection | null): Rejection | null {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== null) return problem;
  }
  return null;
}

const forbidden = (message: string): Rejection => reject('forbidden-error', message, 'PERMISSION_DENIED');

/** In force and as drafted: whoever marks it ends both. */
const gone = (book: PolicyBook, within: Grants, { type, draft, active }: Entry): Rejection | null =>
  first([draft, active], (each) => (each === null ? null : mayDraft(book, within, type, [each, null])));

type Change = readonly [before: PolicyObject | null, after: PolicyObject | null];

function mayDraft(
  book: PolicyBook,
  within: Grants,
  type: ProvisionableType,
  change: Change,
): Rejection | null {
  if (type !== 'rule_sets') return forbidden(`${type}: this is not for your roles`);
  const managers = of(within, MANAGERS);
  const [before, after] = change as readonly [MaybeRuleSet, MaybeRuleSet];
  return (
    mayWrite(book, managers, before, touched(before, after)) ??
    mayWrite(book, managers, after, touched(after, before))
  );
}

function mayWrite(
  book: PolicyBook,
  managers: Grants,
  object: MaybeRuleSet,
  rules: readonly AnyRule[],
): Rejection | null {
  if (object === null) return null;
  if (!covers(book, managers, object)) return outside(object);
  return covers(book, managers, object, (grant) => rules.every((rule) => mayHave(grant, rule)))
    ? null
    : forbidden(`rules: they would concern others than those in your scope (rule set "${object.name}")`);
}

const outside = ({ name, id }: PolicyObject): Rejection =>
  forbidden(`scopes: rule set "${name}" (${id}) does not lie within your scope, or would not`);

/** Of this form, the rules that the other has not; all of them where it is about others, or switched on or off. */
function touched(one: MaybeRuleSet, other: MaybeRuleSet): AnyRule[] {
  if (one === null) return [];
  const isElsewhere =
    other === null || one.enabled !== other.enabled || scopesText(one) !== scopesText(other);
  return RULE_LISTS.flatMap((list) => {
    const rules: readonly AnyRule[] = one[list];
    if (isElsewhere) return rules;
    const others = new Map((other[list] as readonly AnyRule[]).map((rule) => [rule.id, rule]));
    return rules.filter((rule) => {
      const same = others.get(rule.id);
      return same === undefined || !sameRule(same, rule);
    });
  });
}

const scopesText = ({ scopes }: StoredRuleSet): string => JSON.stringify(scopes);

/** Each scope of a rule set is the rule set once: another grant may hold for each. */
function covers(
  book: PolicyBook,
  grants: Grants,
  { scopes }: StoredRuleSet,
  also: (grant: Grant) => boolean = () => true,
): boolean {
  return (scopes.length === 0 ? [[]] : scopes).every((scope) =>
    grants.some((grant) => holds(book, grant.scope, scope) && also(grant)),
  );
}

const holds = (book: PolicyBook, granted: readonly GrantedLabel[], scope: readonly ScopeEntry[]): boolean =>
  liesWithin(
    granted,
    scope.flatMap((entry) => (entry.exclusion ? [] : [labelsOf(book, entry)])),
    (group) => labelsInForce(book, group),
  );

/** Of a group, all that it means in force, and all that it would mean with its draft. */
function labelsOf(book: PolicyBook, { kind, id }: ScopeEntry): LabelId[] {
  if (kind === 'label') return [id];
  const drafted = labelsOfGroup(id, (each) => entryOf(book, 'label_groups', each)?.draft);
  return [...labelsInForce(book, id), ...drafted];
}

export const labelsInForce = (book: PolicyBook, group: string): LabelId[] =>
  labelsOfGroup(group, (each) => entryOf(book, 'label_groups', each)?.active);

/** A rule set's scope narrows whatever has labels, on both sides or, of an extra-scope rule, that of the providers; never IP lists. */
function mayHave({ role, scope }: Grant, rule: AnyRule): boolean {
  if (role === 'limited_ruleset_manager') return isAmongThemselves(rule);
  if (scope.length === 0 || !('providers' in rule)) return true;
  return !rule.unscopedConsumers || !rule.providers.some(({ kind }) => kind === 'ip_list');
}

/** As the role is published: no IP lists, no label groups as consumers, no iptables rules. */
const isAmongThemselves = (rule: AnyRule): boolean =>
  'providers' in rule &&
  !rule.unscopedConsumers &&
  !rule.providers.some(({ kind }) => kind === 'ip_list') &&
  !rule.consumers.some(({ kind }) => OUTSIDERS.includes(kind));

const OUTSIDERS: readonly string[] = ['ip_list', 'label_group', 'container_host'];

function mayProvision(book: PolicyBook, within: Grants, entry: Entry): Rejection | null {
  const { type, draft, active } = entry;
  if (GLOBAL_OBJECTS.includes(type) && of(within, ['global_object_provisioner']).length > 0) return null;
  const name = shownOf(entry)?.name ?? '';
  const notHis = (): Rejection =>
    forbidden(`change_subset: you may not provision "${name}" (${type} ${entry.id}); name what you may`);
  if (type !== 'rule_sets') return notHis();
  const provisioners = of(within, ['ruleset_provisioner']);
  return [draft, active].every((each) => each === null || covers(book, provisioners, ruleSet(each)))
    ? null
    : notHis();
}
