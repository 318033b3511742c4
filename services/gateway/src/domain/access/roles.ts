/** Roles as the API names them, and what a person or a service account was given. */

export const ROLES = [
  'owner',
  'admin',
  'read_only',
  'global_object_provisioner',
  'ruleset_manager',
  'limited_ruleset_manager',
  'ruleset_provisioner',
  'ruleset_viewer',
  'workload_manager',
] as const;
export type Role = (typeof ROLES)[number];

/** They hold everywhere: a scope would mean nothing. */
const EVERYWHERE: readonly Role[] = ['owner', 'admin', 'read_only', 'global_object_provisioner'];

export const takesScope = (role: Role): boolean => !EVERYWHERE.includes(role);

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);

/** A label, or a label group that stands for its labels; `key` is the type of either. */
export interface ScopeEntry {
  readonly kind: 'label' | 'label_group';
  readonly id: string;
  readonly key: string;
}
/** Entries of one type are OR, of several types AND; none: everywhere. */
export interface Grant {
  readonly role: Role;
  readonly scope: readonly ScopeEntry[];
}
