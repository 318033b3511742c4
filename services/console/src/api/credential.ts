/**
 * The API key of who is signed in. Kept for this tab only and until it is closed: a reload does not sign out, and nothing
 * stays on the machine. The gateway's content security policy lets no foreign script read it.
 */
const PLACE = 'ringfence.credential';

export interface Credential {
  readonly key: string;
  readonly secret: string;
}

export function keptCredential(): Credential | undefined {
  const kept = sessionStorage.getItem(PLACE);
  return kept === null ? undefined : readCredential(kept);
}
export function keepCredential({ key, secret }: Credential): void {
  sessionStorage.setItem(PLACE, `${key}:${secret}`);
}
export function forgetCredential(): void {
  sessionStorage.removeItem(PLACE);
}

/** `api_…:secret`, with blanks around the colon as `npm start` shows it, too; undefined: it is none. */
export function readCredential(text: string): Credential | undefined {
  const [, key, secret] = /^(api_[0-9a-f]+)\s*:\s*([\x21-\x7e]+)$/.exec(text.trim()) ?? [];
  return key === undefined || secret === undefined ? undefined : { key, secret };
}
