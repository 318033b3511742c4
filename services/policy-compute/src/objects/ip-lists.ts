/** IP lists: addresses, CIDRs and ranges, exclusions, and names. */
import type { IpListUpdate, IpRange } from '@ringfence/contracts';
import { CidrSet, canonicalAddress, cidrsOf } from '@ringfence/policy-engine';
import { isFqdn, normaliseRanges } from '../domain/ip-ranges.js';
import { InvalidBody, invalid } from './invalid.js';
import type { ObjectKind } from './object-kind.js';
import { EXTERNAL_REFERENCE, externalReferenceOf } from './view.js';
import { contains, wantedFlag } from './wanted.js';

const everything = (cidr: string): IpRange => ({ from: cidr, to: null, exclusion: false, description: '' });

/** Also of virtual services. */
export const NAMES_NOT_ENFORCED = 'names of hosts are stored; only addresses are enforced yet';

/** Made at first start and never deleted. */
export const ANY = {
  id: '1',
  name: 'Any (0.0.0.0/0 and ::/0)',
  description: '',
  ranges: [everything('0.0.0.0/0'), everything('::/0')],
  fqdns: [],
};

export const ipLists: ObjectKind<'ip_lists'> = {
  noun: 'IP list',
  ids: { sequence: 'ip_lists' },
  notEnforced: ({ fqdns }) => (fqdns.length > 0 ? NAMES_NOT_ENFORCED : null),
  nameTaken: 'ip-list-name-not-unique',
  referenced: 'ip-list-referenced',
  labelInUse: 'label_still_has_associated_rule_set',
  seeds: [ANY],

  empty: (id) => ({ id, name: '', description: '', ranges: [], fqdns: [] }),
  extras: EXTERNAL_REFERENCE,
  read: ({ ip_ranges: ranges, fqdns }: IpListUpdate) => ({
    ...(ranges && { ranges: ranges.map(rangeOf) }),
    ...(fqdns && { fqdns: fqdns.map(({ fqdn, description }) => ({ fqdn, description: description ?? '' })) }),
  }),
  show: ({ object }) => ({
    name: object.name,
    description: object.description,
    ip_ranges: object.ranges.map(({ from, to, exclusion, description }) => ({
      from_ip: from,
      ...(to !== null && { to_ip: to }),
      exclusion,
      ...(description !== '' && { description }),
    })),
    fqdns: object.fqdns.map(({ fqdn, description }) => ({
      fqdn,
      ...(description !== '' && { description }),
    })),
    ...externalReferenceOf(object.extras),
  }),
  filters: {
    fqdn: ({ fqdns }, wanted) => fqdns.some(({ fqdn }) => contains(fqdn, wanted)),
    ip_address: ({ ranges }, wanted) => {
      if (canonicalAddress(wanted) === null) throw new InvalidBody(`ip_address: "${wanted}" is no address`);
      return new CidrSet(cidrsOf(ranges)).contains(wanted);
    },
    // Attributes are given by the product itself, to lists of its own that are not here.
    has_attribute: (_, wanted) => !wantedFlag('has_attribute', wanted),
  },

  normalise: (list) => {
    const wrong = list.fqdns.find((entry) => !isFqdn(entry.fqdn));
    if (wrong !== undefined)
      return invalid(`fqdns: "${wrong.fqdn}" is no domain name (a * may only be the leftmost label)`);
    const ranges = normaliseRanges(list.ranges);
    return 'reason' in ranges ? ranges : { ...list, ranges };
  },
  references: () => [],
};

/** An empty `to_ip` is what some clients send for none. */
function rangeOf(range: NonNullable<IpListUpdate['ip_ranges']>[number]): IpRange {
  const to = range.to_ip?.trim() ?? '';
  return {
    from: range.from_ip.trim(),
    to: to === '' ? null : to,
    exclusion: range.exclusion ?? false,
    description: range.description ?? '',
  };
}
