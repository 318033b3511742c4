/** Ranges of addresses in words, in the form in which the server says them. */
import { formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';

export interface RangeWords {
  readonly from_ip: string;
  readonly to_ip?: string;
  readonly exclusion: boolean;
}

/** `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, and `!10.1.0.0/16` to leave out. */
export function rangeOf(text: string): RangeWords | undefined {
  const exclusion = text.startsWith('!');
  const [from = '', to, ...rest] = (exclusion ? text.slice(1) : text).split('-').map((part) => part.trim());
  if (rest.length > 0) return undefined;
  const single = to === undefined ? canonicalCidr(from) : canonicalAddress(from);
  const last = to === undefined ? undefined : canonicalAddress(to);
  if (single === undefined || (to !== undefined && last === undefined)) return undefined;
  return { from_ip: single, ...(last !== undefined && { to_ip: last }), exclusion };
}

/** As the server would say it: host bits cleared, a single address written plainly. */
export function rangeText(text: string): string | undefined {
  const range = rangeOf(text);
  if (range === undefined) return undefined;
  return `${range.exclusion ? '!' : ''}${range.from_ip}${range.to_ip === undefined ? '' : `-${range.to_ip}`}`;
}

function canonicalAddress(text: string): string | undefined {
  const parsed = parseAddress(text);
  return parsed === null ? undefined : formatAddress(parsed);
}

function canonicalCidr(text: string): string | undefined {
  const interval = parseCidr(text);
  if (interval === null) return undefined;
  const first = formatAddress({ version: interval.version, value: interval.first });
  return interval.first === interval.last
    ? first
    : `${first}/${String(Number(text.slice(text.indexOf('/') + 1)))}`;
}
