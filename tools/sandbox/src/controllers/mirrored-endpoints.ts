/** What EndpointSlices say of Endpoints that somebody made by hand. Pure. */
import type { JsonObject } from '../api/json.js';
import { listAt } from '../api/json.js';
import type { Endpoints } from '../api/workload-kinds.js';
import { pagesOf } from './service-endpoints.js';
import type { SliceContent } from './service-endpoints.js';

/** As documented: what a subset has beyond is not mirrored. */
const mostAddresses = 1_000;

export function mirroredSlices({ subsets = [] }: Endpoints): SliceContent[] {
  const contents = subsets.flatMap((subset) => {
    const addresses = [
      ...listAt(subset, 'addresses').map((address) => endpointOf(address, true)),
      ...listAt(subset, 'notReadyAddresses').map((address) => endpointOf(address, false)),
    ].slice(0, mostAddresses);
    const ports = listAt(subset, 'ports').map((port) => ({ name: '', protocol: 'TCP', ...port }));
    return (['IPv4', 'IPv6'] as const).flatMap((addressType) =>
      pagesOf(addresses.filter((endpoint) => familyOf(endpoint) === addressType)).map((endpoints) => ({
        endpoints,
        ports,
        addressType,
      })),
    );
  });
  return contents.map((content, index) => ({ index, ...content }));
}

function endpointOf({ ip = '', ...rest }: JsonObject, ready: boolean): JsonObject {
  return { addresses: [ip], conditions: { ready }, ...rest };
}

const familyOf = ({ addresses }: JsonObject): 'IPv4' | 'IPv6' =>
  String(addresses).includes(':') ? 'IPv6' : 'IPv4';
