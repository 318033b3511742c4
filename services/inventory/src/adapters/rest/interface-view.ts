/** How interfaces of workloads, and networks, look over REST. */
import type { WorkloadInterface } from '@ringfence/contracts';
import { orgHref } from '@ringfence/resources';
import { networkOf, NETWORKS, podNetwork } from '../../domain/networks.js';
import type { Network } from '../../domain/networks.js';
import type { Workload } from '../../domain/workload.decider.js';

/** A node reports addresses, not interfaces: each address is shown as one. */
export function interfacesOf(workload: Workload): WorkloadInterface[] {
  if (!workload.managed) return [...workload.interfaces];
  return workload.addresses.map((address, index) => ({ name: `addr${index}`, address, link_state: 'up' }));
}

/** Beside an object: those of these clusters, by id. */
export const networksOf = (clusters: ReadonlyMap<string, string>): ReadonlyMap<string, Network> =>
  new Map(
    [...NETWORKS, ...[...clusters].map(([id, name]) => podNetwork(id, name))].map((each) => [each.id, each]),
  );

const UNSAID = {
  address: null,
  link_state: 'unknown',
  cidr_block: null,
  default_gateway_address: null,
  friendly_name: null,
  loopback: false,
};

export function showInterface(
  workload: Workload,
  each: WorkloadInterface,
  networks: ReadonlyMap<string, Network>,
): Record<string, unknown> {
  const chosen = networks.get(each.network?.href.split('/').at(-1) ?? '');
  const network = chosen ?? networkOf(each.address ?? '');
  const said = Object.entries(each).filter(
    ([name, value]) => value !== undefined && value !== null && (value !== '' || name === 'friendly_name'),
  );
  return {
    ...UNSAID,
    ...Object.fromEntries(said),
    href: orgHref(`workloads/${workload.id}/interfaces/${encodeURIComponent(each.name)}`),
    network: { href: hrefOf(network), name: network.name },
    network_detection_mode: chosen === undefined ? 'single_private_brn' : 'manual',
  };
}

const hrefOf = ({ id }: Network): string => orgHref(`networks/${id}`);

export const showNetwork = (network: Network): Record<string, unknown> => ({
  href: hrefOf(network),
  name: network.name,
  data_center: network.dataCenter,
  cidr_blocks: network.cidrs,
});
