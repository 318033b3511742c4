/** Roles as the API names them, and what a person or a service account was given: it travels with what he asks of an owner. */
import { z } from 'zod';
import { Text } from './text.js';

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

/** A label, or a label group that stands for its labels; `key` is the type of either. */
export const GrantedLabel = z.object({ kind: z.enum(['label', 'label_group']), id: Text, key: Text });
export type GrantedLabel = z.infer<typeof GrantedLabel>;

/** Entries of one type are OR, of several types AND; none: everywhere. */
export const Grant = z.object({ role: z.enum(ROLES), scope: z.array(GrantedLabel) });
export type Grant = z.infer<typeof Grant>;
