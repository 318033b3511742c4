/**
 * Who may do what, by the roles and bindings that the cluster holds at this moment. Nothing is cached: a right that is given
 * or taken holds for the next request.
 */
import type { Cluster } from '../cluster.js';
import type { Action } from './action.js';
import { isOnPath } from './action.js';
import type { RoleBinding, Subject } from './rbac-kinds.js';
import { isCovered } from './role-rules.js';
import type { PolicyRule } from './role-rules.js';
import { mastersGroup, serviceAccountName } from './user.js';
import type { User } from './user.js';

export interface Decision {
  readonly isAllowed: boolean;
  readonly reason: string;
}

/** A binding that names the user, and what it leads to. */
interface Grant {
  /** Undefined: the role does not exist. */
  readonly rules: readonly PolicyRule[] | undefined;
  readonly description: string;
  readonly missing: string;
}

export class Authorizer {
  constructor(private readonly cluster: Cluster) {}

  decide(user: User, action: Action): Decision {
    if (user.groups.includes(mastersGroup)) return { isAllowed: true, reason: '' };
    const missing: string[] = [];
    for (const grant of this.grants(user, isOnPath(action) ? undefined : action.namespace)) {
      if (grant.rules === undefined) missing.push(grant.missing);
      if (grant.rules?.some((rule) => isCovered(rule, action)))
        return { isAllowed: true, reason: `RBAC: allowed by ${grant.description}` };
    }
    const why = missing.length > 1 ? `[${missing.join(', ')}]` : missing.join('');
    return { isAllowed: false, reason: why === '' ? '' : `RBAC: ${why}` };
  }

  /** All rules that hold for the user in a namespace. */
  rulesFor(user: User, namespace: string): PolicyRule[] {
    return [...this.grants(user, namespace)].flatMap(({ rules }) => rules ?? []);
  }

  private *grants(user: User, namespace: string | undefined): Generator<Grant> {
    for (const binding of this.cluster.resource('clusterrolebindings.rbac.authorization.k8s.io').list())
      yield* this.grantsOf(user, binding);
    if (namespace === undefined) return;
    for (const binding of this.cluster.resource('rolebindings.rbac.authorization.k8s.io').list(namespace))
      yield* this.grantsOf(user, binding);
  }

  private *grantsOf(user: User, binding: RoleBinding): Generator<Grant> {
    const { name, namespace } = binding.metadata;
    const subject = binding.subjects?.find((candidate) => isMeant(candidate, user, namespace));
    if (subject === undefined) return;
    const { kind, name: role } = binding.roleRef;
    yield {
      rules: this.rulesOf(binding),
      description: `${binding.kind} ${JSON.stringify(namespace === undefined ? name : `${name}/${namespace}`)} of ${kind} ${JSON.stringify(role)} to ${described(subject, namespace)}`,
      missing: `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(role)} not found`,
    };
  }

  private rulesOf({
    roleRef: { kind, name },
    metadata: { namespace },
  }: RoleBinding): PolicyRule[] | undefined {
    const role =
      kind === 'Role'
        ? this.cluster.resource('roles.rbac.authorization.k8s.io').find(namespace, name)
        : this.cluster.resource('clusterroles.rbac.authorization.k8s.io').find(undefined, name);
    return role === undefined ? undefined : (role.rules ?? []);
  }
}

function isMeant(subject: Subject, user: User, home: string | undefined): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  const namespace = subject.namespace ?? home;
  return (
    subject.kind === 'ServiceAccount' &&
    namespace !== undefined &&
    serviceAccountName(namespace, subject.name) === user.name
  );
}

function described({ kind, name, namespace }: Subject, home: string | undefined): string {
  return `${kind} ${JSON.stringify(kind === 'ServiceAccount' ? `${name}/${namespace ?? home ?? ''}` : name)}`;
}
