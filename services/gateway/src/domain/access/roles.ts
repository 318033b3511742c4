/** Roles as the API names them: which there are, and which of them hold within labels. */
import { ROLES } from '@ringfence/contracts';
import type { Role } from '@ringfence/contracts';

export { ROLES } from '@ringfence/contracts';
export type { Grant, GrantedLabel, Role } from '@ringfence/contracts';

/** They hold everywhere: a scope would mean nothing. */
const EVERYWHERE: readonly Role[] = ['owner', 'admin', 'read_only', 'global_object_provisioner'];

export const takesScope = (role: Role): boolean => !EVERYWHERE.includes(role);

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);
