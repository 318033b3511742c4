/**
 * A value without what lets anybody in: whatever a field named so holds, and whatever looks so within a text. Texts of agents and
 * container runtimes may quote what they were given, so all that leaves in a file goes through here; rather too much is removed.
 */
export const REMOVED = '[removed]';

/** A field of such a name holds one. */
const NAMED =
  /pass(?:word|phrase|wd)|secret|token|credential|seed|(?:api|private|public|pairing)_?key|activation_?code|authorization|cookie|jwt/i;

const NAMES = String.raw`pass(?:word|phrase|wd)|secret|token|credential|seed|cookie|(?:api|access|secret|pairing)[_-]?key|activation[_-]?code|registry-auth`;
const BETWEEN = String.raw`(?:(?:[_-](?:access[_-]?)?(?:key|id))?\\*["']?\s*[:=]\s*|(?<=--[\w-]{1,40})\s+)`;
/** To its end, or to the end of a text that was cut. */
const QUOTED = String.raw`\\*"[^"]*"?|\\*'[^']*'?`;

const LOOKS: readonly RegExp[] = [
  // Keys and certificates as files hold them, also the beginning of one.
  /-----BEGIN [^-]{1,64}-----[\s\S]*?(?:-----END [^-]{1,64}-----|$)/g,
  // Tokens that are signed (JWT): of NATS, of Kubernetes.
  /\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g,
  // Seeds of NATS keys.
  /\bS[A-Z][A-Z2-7]{40,}/g,
  // Who asks, in a header.
  /\b(?:bearer|basic)\s+[\w.~+/=-]{6,}/gi,
  // `password=…`, `"token": "…"` (also within a text that is quoted itself), `--secret …`.
  new RegExp(`(?:${NAMES})${BETWEEN}(?:${QUOTED}|[^\\s"',;\\\\]{3,})`, 'gi'),
  // Cluster tokens, activation codes, API keys' secrets: long, without a break, and no words.
  /(?<![A-Za-z0-9+/_=])(?=[a-z/_]*[A-Z0-9+=])[A-Za-z0-9+/_=]{32,}/g,
];
/** Name and password within an address; the password may hold an @. */
const USER_OF_ADDRESS = /(:\/\/)[^/\s]+@/g;

export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return cleaned(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [name, NAMED.test(name) ? REMOVED : withoutSecrets(held)]),
  );
}

const cleaned = (text: string): string =>
  LOOKS.reduce((rest, look) => rest.replace(look, REMOVED), text.replace(USER_OF_ADDRESS, `$1${REMOVED}@`));
