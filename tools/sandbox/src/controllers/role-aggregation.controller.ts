/** Gives ClusterRoles that are made of others (`aggregationRule`) the rules of those, as `admin` is made of `edit` and more. */
import type { ClusterRole } from '../api/access/rbac-kinds.js';
import type { PolicyRule } from '../api/access/role-rules.js';
import type { Cluster } from '../api/cluster.js';
import { isEqual } from '../api/json.js';
import type { KindClient } from '../api/kind-client.js';
import { matchesSelector } from '../api/selector.js';
import { WorkQueue } from './work-queue.js';

export class RoleAggregationController {
  private readonly roles: KindClient<ClusterRole>;
  private readonly queue = new WorkQueue((name) => this.aggregate(name));
  private readonly stop: () => void;

  constructor(cluster: Cluster) {
    this.roles = cluster.resource('clusterroles.rbac.authorization.k8s.io');
    this.stop = this.roles.watch(() => this.queueAll());
    this.queueAll();
  }

  async close(): Promise<void> {
    this.stop();
    await this.queue.close();
  }

  /** Any role may be part of any other; a change that changes no rules ends here. */
  private queueAll(): void {
    for (const { metadata, aggregationRule } of this.roles.list())
      if (aggregationRule !== undefined) this.queue.add(metadata.name);
  }

  private aggregate(name: string): void {
    const role = this.roles.find(undefined, name);
    if (role?.aggregationRule === undefined) return;
    const rules = this.rulesFor(role);
    if (!isEqual(rules, role.rules ?? [])) this.roles.modify({ name }, (draft) => void (draft.rules = rules));
  }

  private rulesFor({ metadata, aggregationRule }: ClusterRole): PolicyRule[] {
    const selectors = aggregationRule?.clusterRoleSelectors ?? [];
    const parts = this.roles
      .list()
      .filter((part) => part.metadata.name !== metadata.name)
      .filter((part) => selectors.some((selector) => matchesSelector(part.metadata.labels, selector)))
      .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    const rules: PolicyRule[] = [];
    for (const rule of parts.flatMap((part) => part.rules ?? []))
      if (!rules.some((known) => isEqual(known, rule))) rules.push(rule);
    return rules;
  }
}
