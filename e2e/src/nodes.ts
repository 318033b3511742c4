/** The cluster's nodes: their addresses, their network namespaces, and the ports that Services open on them. */
import { access, kubernetes } from './world.js';

export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly netns: string;
  readonly podCidr: string;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly podCIDR: string };
    readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
  }[];
}

export async function clusterNodes(): Promise<ClusterNode[]> {
  const list = (await kubernetes.request('GET', '/api/v1/nodes')) as NodeList;
  return list.items.map(({ metadata: { name }, spec, status }) => ({
    name,
    address: status.addresses.find(({ type }) => type === 'InternalIP')!.address,
    netns: nodeNetns(name),
    podCidr: spec.podCIDR,
  }));
}

/** Names of the sandbox's things hold this. */
export const sandboxInstance = (): string => access.netnsRoot.split('rf-sandbox-')[1] ?? '';

function nodeNetns(node: string): string {
  return `/run/netns/rf-node-${sandboxInstance()}-${node.replace('node-', '')}`;
}

export async function nodePortOf(namespace: string, name: string): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/services/${name}`;
  const { spec } = (await kubernetes.request('GET', path)) as { spec: { ports: { nodePort: number }[] } };
  return spec.ports[0]!.nodePort;
}
