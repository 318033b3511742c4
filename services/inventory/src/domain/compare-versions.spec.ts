import { expect, it } from 'vitest';
import { compareVersions } from './compare-versions.js';

it.each([
  ['0.1.0', '0.1.0', 0],
  ['0.1', '0.1.0', 0],
  ['0.10.0', '0.9.9', 1],
  ['1.0.0-rc', '1.0.0', -1],
  ['', '0.1.0', -1],
])('"%s" beside "%s": %i', (one, other, sign) => {
  expect(Math.sign(compareVersions(one, other))).toBe(sign);
  expect(Math.sign(compareVersions(other, one))).toBe(sign === 0 ? 0 : -sign);
});
