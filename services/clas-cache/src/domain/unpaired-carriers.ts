/**
 * Nodes that Kubernetes has and nobody has paired. Nothing is enforced on them, but while Pods are behind ports of nodes they
 * carry connections to them without judging, and that is told like everything that is not enforced.
 */
import type { ClusterView } from './cluster-view.calculator.js';
import { nodePlace } from './enforcement.calculator.js';
import type { EnforcementTracker } from './enforcement.calculator.js';

export class UnpairedCarriers {
  private readonly held = new Set<string>();

  constructor(
    private readonly view: ClusterView,
    private readonly tracker: EnforcementTracker,
  ) {}

  follow(now: number): void {
    const { hasNodePorts, nodes } = this.view;
    const isUnknown = (node: string): boolean => nodes.endpoint(node) === undefined;
    const carriers = new Set(hasNodePorts ? nodes.names().filter(isUnknown) : []);
    for (const node of carriers) {
      if (!this.held.has(node)) this.tracker.setPlace(nodePlace(node), now);
      this.held.add(node);
    }
    for (const node of this.held) {
      if (carriers.has(node)) continue;
      this.held.delete(node);
      if (isUnknown(node)) this.tracker.removePlace(node);
    }
  }
}
