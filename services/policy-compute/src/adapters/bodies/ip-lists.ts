/** IP lists: bodies ⇄ domain. */
import { IpListCreate, IpListUpdate } from '@ringfence/contracts';
import type { IpRange } from '@ringfence/contracts';
import type { PolicyObject, Touched } from '../../domain/policy-object.js';
import { EXTERNAL_REFERENCE, externalReferenceOf, extrasOf, metaOf } from './view.js';
import type { Body } from './view.js';

export function ipListFrom(
  given: unknown,
  before: PolicyObject<'ip_lists'> | null,
  id: string,
): PolicyObject<'ip_lists'> {
  const body: IpListUpdate = before === null ? IpListCreate.parse(given) : IpListUpdate.parse(given);
  const { extras: kept, ...base } = before ?? { id, name: '', description: '', ranges: [], fqdns: [] };
  return {
    ...base,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.description !== undefined && { description: body.description ?? '' }),
    ...(body.ip_ranges && { ranges: body.ip_ranges.map(rangeOf) }),
    ...(body.fqdns && {
      fqdns: body.fqdns.map(({ fqdn, description }) => ({ fqdn, description: description ?? '' })),
    }),
    ...extrasOf(body, EXTERNAL_REFERENCE, kept),
  };
}

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

export function showIpList(object: PolicyObject<'ip_lists'>, touched: Touched): Body {
  return {
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
    caps: ['write', 'provision', 'delete'],
    ...metaOf(touched),
  };
}
