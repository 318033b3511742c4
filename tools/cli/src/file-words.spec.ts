import { expect, it } from 'vitest';
import { EXIT, Failure } from './failure.js';
import { inFileWords } from './file-words.js';

it('a refusal of the server names the fields of the file, and the object that it is about', () => {
  const told = inFileWords(
    new Failure(EXIT.refused, 'consumers: container_host needs unscoped_consumers (input_validation_error)'),
    'rule set "shop"',
  );
  expect(told).toMatchObject({
    exitCode: EXIT.refused,
    message: 'rule set "shop": from: container_host needs extra_scope (input_validation_error)',
  });
  const other = new Error('consumers');
  expect(inFileWords(other, 'x')).toBe(other);
});
