import type { FlowQuery } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import { isAddressOrCidr } from '../read/addresses.js';

/** What zod cannot say: an address that the store would refuse. */
export function refuseWrongAddresses(query: FlowQuery): void {
  const sides = [query.sources, query.destinations];
  const addresses = sides.flatMap((side) =>
    [...side.include.flat(), ...side.exclude].flatMap((item) => item.ip_address ?? []),
  );
  const wrong = addresses.find((text) => !isAddressOrCidr(text));
  if (wrong !== undefined) throw invalid(`ip_address: "${wrong}" is no IP address and no CIDR`);
}
