/** What an `Authorization` header says: a name and its secret, or the token of a log-in. */
import { isText } from '@ringfence/contracts';

export type Authorization =
  | { readonly kind: 'pair'; readonly name: string; readonly secret: string }
  | { readonly kind: 'token'; readonly token: string };

export function readAuthorization(header = ''): Authorization | undefined {
  const token = /^token token="?([0-9a-f]{64})"?$/i.exec(header)?.[1];
  if (token !== undefined) return { kind: 'token', token };
  const encoded = /^basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || !isText(text)) return undefined;
  return { kind: 'pair', name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
