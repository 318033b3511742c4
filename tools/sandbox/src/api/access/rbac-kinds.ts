/** The four kinds of which rights are made. */
import type { KubeObject, LabelSelector } from '../kube-object.js';
import type { PolicyRule } from './role-rules.js';

export interface Role extends KubeObject {
  rules?: PolicyRule[];
}

export interface ClusterRole extends Role {
  /** The rules are those of the roles with these labels. */
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] };
}

export interface Subject {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
}

export interface RoleBinding extends KubeObject {
  roleRef: { apiGroup?: string; kind: string; name: string };
  subjects?: Subject[];
}
