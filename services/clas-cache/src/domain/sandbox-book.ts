/**
 * What each C-VEN says of the sandboxes on its own node: one list per node, replaced as a whole, so that a node can only
 * lie in its own list. What of it is believed is decided by whoever reads it.
 */
import type { Address, NodeSandboxes } from '@ringfence/contracts';

type Sandbox = NodeSandboxes['sandboxes'][number];

export class SandboxBook {
  private readonly listByNode = new Map<string, ReadonlyMap<string, Sandbox>>();

  /** Returns the Pods of which the node says something else than before. */
  set(node: string, sandboxes: readonly Sandbox[]): string[] {
    const before = this.listByNode.get(node) ?? new Map<string, Sandbox>();
    const now = new Map(sandboxes.map((sandbox) => [sandbox.podUid, sandbox]));
    if (now.size === 0) this.listByNode.delete(node);
    else this.listByNode.set(node, now);
    const all = new Set([...before.keys(), ...now.keys()]);
    return [...all].filter((uid) => before.get(uid)?.addresses.join() !== now.get(uid)?.addresses.join());
  }

  addressesOf(podUid: string, node: string): readonly Address[] {
    return this.listByNode.get(node)?.get(podUid)?.addresses ?? [];
  }

  lists(node: string, podUid: string): boolean {
    return this.listByNode.get(node)?.has(podUid) ?? false;
  }

  /** The node that lists the Pod; null: none does, or several do, and then nobody can say. */
  nodeOf(podUid: string): string | null {
    const nodes = [...this.listByNode].filter(([, list]) => list.has(podUid));
    return nodes.length === 1 ? nodes[0]![0] : null;
  }

  *all(): Generator<Sandbox & { readonly node: string }> {
    for (const [node, list] of this.listByNode)
      for (const sandbox of list.values()) yield { ...sandbox, node };
  }

  *pods(): Generator<string> {
    for (const list of this.listByNode.values()) yield* list.keys();
  }
}
