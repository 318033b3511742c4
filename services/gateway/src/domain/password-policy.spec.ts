import type { PasswordPolicy } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { passwordProblem } from './password-policy.js';

const LONG_ENOUGH: PasswordPolicy = {
  ...{ require_type_number: false, require_type_lowercase: false },
  ...{ require_type_uppercase: false, require_type_symbol: false, min_characters_per_type: 1 },
  ...{ min_length: 12, min_changed_characters: 0, history_count: 1, expire_time_days: 0 },
  session_timeout_minutes: 10,
};

describe('a password', () => {
  it('need only be long enough, counted as people count', () => {
    expect(passwordProblem('correct horse', LONG_ENOUGH)).toBeUndefined();
    expect(passwordProblem('11 letters.', LONG_ENOUGH)).toMatch(/^it has 11 characters; 12/);
    expect(passwordProblem('🐎'.repeat(11), LONG_ENOUGH)).toMatch(/^it has 11 characters/);
  });

  it.each([
    ['require_type_number', 'correct horse', 'correct horse 1 2', 'digits'],
    ['require_type_lowercase', 'CORRECT HORSE', 'CORRECT HORSE éa', 'lower case letters'],
    ['require_type_uppercase', 'correct horse', 'Correct Ünique horse', 'upper case letters'],
    ['require_type_symbol', 'correct horse', 'correct-horse!', 'symbols'],
  ] as const)('needs as many as are asked for: %s', (required, lacking, fitting, words) => {
    const policy = { ...LONG_ENOUGH, [required]: true, min_characters_per_type: 2 };
    expect(passwordProblem(lacking, policy)).toBe(`it needs ${words}, 2 at least`);
    expect(passwordProblem(fitting, policy)).toBeUndefined();
  });
});
