/** What a password that somebody chooses must hold. */
import type { PasswordPolicy } from '@ringfence/contracts';

const TYPES = [
  ['require_type_number', /\p{Nd}/gu, 'digits'],
  ['require_type_lowercase', /\p{Ll}/gu, 'lower case letters'],
  ['require_type_uppercase', /\p{Lu}/gu, 'upper case letters'],
  ['require_type_symbol', /[^\p{L}\p{N}\s]/gu, 'symbols'],
] as const;

/** In words, what it lacks; undefined: nothing. */
export function passwordProblem(password: string, policy: PasswordPolicy): string | undefined {
  const { min_length: shortest, min_characters_per_type: fewest } = policy;
  const length = [...password].length;
  if (length < shortest) return `it has ${String(length)} characters; ${String(shortest)} are the least`;
  const lacking = TYPES.find(
    ([required, type]) => policy[required] && (password.match(type)?.length ?? 0) < fewest,
  );
  return lacking && `it needs ${lacking[2]}, ${String(fewest)} at least`;
}
