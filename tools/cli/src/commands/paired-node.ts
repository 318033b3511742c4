/** A node by its name, and what its agent lets through whatever the policy says. */
import { refused } from '../failure.js';
import type { Terminal } from './terminal.js';

export interface NodeWorkload {
  readonly href: string;
  readonly name: string | null;
  readonly managed: boolean;
  readonly enforcement_mode: string;
  readonly agent: { readonly essential_rules?: readonly EssentialRule[] };
}
export interface EssentialRule {
  readonly direction: 'ingress' | 'egress';
  readonly ports: readonly { readonly proto: number; readonly from?: number; readonly to?: number }[];
  readonly who: readonly string[];
  readonly purpose: string;
  readonly follows: string;
}

export async function pairedNode(api: Terminal['api'], name: string): Promise<NodeWorkload> {
  const found = await api.all<NodeWorkload>('/workloads', { managed: 'true', name });
  const nodes = found.filter((one) => one.name === name);
  const [node] = nodes;
  if (node === undefined)
    throw refused(`There is no paired node ${name}; \`ringfence workloads\` shows them.`);
  if (nodes.length > 1) throw refused(`Several clusters have a node ${name}; take it by its href over REST.`);
  return node;
}
