/**
 * The objects that people provision, as this service keeps them: the domain form of @ringfence/contracts, plus
 * `extras`, what REST clients want to read back although no policy follows from it, plus who touched it when.
 * Every type of object has the same life; what differs between the types is in objects/, as data.
 */
import type { Actor, DenyRule, PROVISIONABLE, ProvisionableType, Rule, RuleSet } from '@ringfence/contracts';
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
export type StoredRuleSet = Omit<RuleSet, 'rules' | 'denyRules'> & {
  readonly rules: StoredRule[];
  readonly denyRules: StoredDenyRule[];
};

type ObjectForms = {
  [T in ProvisionableType]: T extends 'rule_sets' ? StoredRuleSet : z.infer<(typeof PROVISIONABLE)[T]>;
};
export type PolicyObject<T extends ProvisionableType = ProvisionableType> = {
  [K in T]: ObjectForms[K] & { readonly extras?: Extras };
}[T];

export type UpdateType = 'create' | 'update' | 'delete';

export interface ObjectKey {
  readonly type: ProvisionableType;
  readonly id: string;
}
export const keyText = (key: ObjectKey): string => `${key.type}/${key.id}`;
export const sameKey = (a: ObjectKey, b: ObjectKey): boolean => a.type === b.type && a.id === b.id;
