/** IP lists in one form: addresses canonical, host bits cleared, repetitions merged; what cannot be read is refused, never guessed. */
import type { IpRange } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { exclusionOutside, formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';

const FQDN = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;

export function isFqdn(text: string): boolean {
  return text.length <= 255 && FQDN.test(text);
}

/** The ranges in normal form, without identical repetitions (another description is another range); or why one of them is none. */
export function normaliseRanges(ranges: readonly IpRange[]): IpRange[] | Rejection {
  const normalised = new Map<string, IpRange>();
  for (const range of ranges) {
    const next = normaliseRange(range);
    if (typeof next === 'string')
      return reject('input-validation-error', `ip_ranges: ${next}`, 'INVALID_ARGUMENT');
    const same = `${next.from}-${next.to ?? ''}-${next.exclusion}-${next.description}`;
    if (!normalised.has(same)) normalised.set(same, next);
  }
  const kept = [...normalised.values()];
  // It excludes nothing: it is a mistake, and said so.
  const outside = exclusionOutside(kept);
  if (outside === undefined) return kept;
  const message = `ip_ranges: the exclusion ${outside.from} lies outside the included ranges`;
  return reject('input-validation-error', message, 'INVALID_ARGUMENT');
}

/** The range, or what is wrong with it in words. */
function normaliseRange(range: IpRange): IpRange | string {
  if (range.to === null) {
    const from = canonicalCidr(range.from);
    return from === null ? `"${range.from}" is neither an address nor a CIDR` : { ...range, from };
  }
  const first = parseAddress(range.from);
  const last = parseAddress(range.to);
  if (first === null) return `from_ip "${range.from}" must be an address when to_ip is given`;
  if (last === null) return `to_ip "${range.to}" is no address`;
  if (first.version !== last.version) return `"${range.from}" and "${range.to}" are of different IP versions`;
  if (first.value > last.value) return `"${range.from}" is above "${range.to}"`;
  return { ...range, from: formatAddress(first), to: formatAddress(last) };
}

/** Host bits cleared; a single address is written plainly, as clients compare it. */
function canonicalCidr(text: string): string | null {
  const interval = parseCidr(text);
  if (interval === null) return null;
  const first = formatAddress({ version: interval.version, value: interval.first });
  return interval.first === interval.last ? first : `${first}/${Number(text.slice(text.indexOf('/') + 1))}`;
}
