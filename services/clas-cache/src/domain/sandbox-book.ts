/**
 * What each C-VEN says of the sandboxes on its own node: one list per node, replaced as a whole, so that a node can only
 * lie in its own list. What of it is believed is decided by whoever reads it.
 */
import type { Address, NodeSandboxes } from '@ringfence/contracts';
import { canonicalAddress } from '@ringfence/policy-engine';

type Sandbox = NodeSandboxes['sandboxes'][number];

export class SandboxBook {
  private readonly listByNode = new Map<string, ReadonlyMap<string, Sandbox>>();
  /** Node → Pod, for each address: several nodes may claim it. */
  private readonly claims = new Map<Address, Map<string, string>>();

  /** Returns the Pods of which the node says something else than before. */
  set(node: string, sandboxes: readonly Sandbox[]): string[] {
    const before = this.listByNode.get(node) ?? new Map<string, Sandbox>();
    const now = new Map(sandboxes.map((sandbox) => [sandbox.podUid, sandbox]));
    if (now.size === 0) this.listByNode.delete(node);
    else this.listByNode.set(node, now);
    for (const sandbox of before.values()) this.release(node, sandbox);
    for (const sandbox of now.values()) this.claim(node, sandbox);
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

  /** Who has the address by the word of one node; null: by that of none, or of several, and then nobody can say. */
  at(address: Address): { readonly node: string; readonly podUid: string } | null {
    const [claim, ...others] = this.claims.get(address) ?? [];
    return claim === undefined || others.length > 0 ? null : { node: claim[0], podUid: claim[1] };
  }

  *all(): Generator<Sandbox & { readonly node: string }> {
    for (const [node, list] of this.listByNode)
      for (const sandbox of list.values()) yield { ...sandbox, node };
  }

  *pods(): Generator<string> {
    for (const list of this.listByNode.values()) yield* list.keys();
  }

  private claim(node: string, { podUid, addresses }: Sandbox): void {
    for (const address of canonical(addresses)) {
      const claims = this.claims.get(address) ?? new Map<string, string>();
      this.claims.set(address, claims.set(node, podUid));
    }
  }

  private release(node: string, { addresses }: Sandbox): void {
    for (const address of canonical(addresses)) {
      const claims = this.claims.get(address);
      claims?.delete(node);
      if (claims?.size === 0) this.claims.delete(address);
    }
  }
}

export const canonical = (addresses: readonly Address[]): Address[] =>
  addresses.flatMap((address) => canonicalAddress(address) ?? []);
