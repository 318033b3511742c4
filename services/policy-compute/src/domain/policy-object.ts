/**
 * The objects that people provision, as this service keeps them: the domain form of @ringfence/contracts, plus
 * `extras`, what REST clients want to read back although no policy follows from it, plus who touched it when.
 * Every type of object has the same life; what differs between the types is in objects/, as data.
 */
import type {
  Actor,
  DenyRule,
  PROVISIONABLE,
  ProvisionableType,
  Rule,
  RuleActor,
  RuleSet,
  ServiceBinding,
} from '@ringfence/contracts';
import type { z } from 'zod';

/** REST fields that are kept and shown, never interpreted. */
export type Extras = Readonly<Record<string, unknown>>;

export interface Stamp {
  readonly at: string;
  readonly by: Actor;
}
export interface Touched {
  readonly created: Stamp;
  readonly updated: Stamp;
}

export type StoredRule = Rule & { readonly extras?: Extras; readonly touched?: Touched };
export type StoredDenyRule = DenyRule & { readonly extras?: Extras; readonly touched?: Touched };
/** In iptables' own words, for the hosts that the actors mean. */
export interface StoredIptablesRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly description: string;
  readonly ipVersion: '4' | '6';
  readonly actors: RuleActor[];
  readonly statements: { readonly table: string; readonly chain: string; readonly parameters: string }[];
  readonly touched?: Touched;
}
export type StoredRuleSet = Omit<RuleSet, keyof RulesByList> & {
  readonly [L in RuleListName]: RulesByList[L][];
};

/** The lists of rules that a rule set holds. */
interface RulesByList {
  readonly rules: StoredRule;
  readonly denyRules: StoredDenyRule;
  readonly iptablesRules: StoredIptablesRule;
}
export type RuleListName = keyof RulesByList;
export type AnyRule = RulesByList[RuleListName];
export const RULE_LISTS: readonly RuleListName[] = ['rules', 'denyRules', 'iptablesRules'];

type ObjectForms = {
  [T in ProvisionableType]: T extends 'rule_sets' ? StoredRuleSet : z.infer<(typeof PROVISIONABLE)[T]>;
};
export type PolicyObject<T extends ProvisionableType = ProvisionableType> = {
  [K in T]: ObjectForms[K] & { readonly extras?: Extras };
}[T];

/** Bindings are not drafted: made and ended, and in force at once. */
export type StoredBinding = ServiceBinding & { readonly extras?: Extras; readonly touched: Touched };

/** A user group of a directory, as data: `id` is its SID. */
export interface StoredPrincipal {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly touched: Touched;
}

export type UpdateType = 'create' | 'update' | 'delete';

export interface ObjectKey {
  readonly type: ProvisionableType;
  readonly id: string;
}
export const keyText = (key: ObjectKey): string => `${key.type}/${key.id}`;
export const sameKey = (a: ObjectKey, b: ObjectKey): boolean => a.type === b.type && a.id === b.id;
