/** Host names outside of everything that is known here, and the entries of lists that mean them. */
import { isFqdn } from './ip-ranges.js';

/** What has a dot is taken for one; a single word would be a typing error more often. */
export const isHostName = (text: string): boolean =>
  text.includes('.') && !text.includes('*') && isFqdn(text);

/** `*.example.com` means whatever is below example.com, at any depth, and not that itself. */
export function coversHostName(entry: string, name: string): boolean {
  const [wanted, asked] = [entry, name].map((text) => text.toLowerCase().replace(/\.$/, '')) as [
    string,
    string,
  ];
  return wanted.startsWith('*.') ? asked.endsWith(wanted.slice(1)) : asked === wanted;
}
