import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readAgentToken } from './ask-credential.js';

it('shows the token that is in the file now, and none where there is none', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ringfence-token-'));
  const path = join(directory, 'token');
  expect(readAgentToken(path)).toBeUndefined();
  await writeFile(path, 'first\n');
  expect(readAgentToken(path)).toBe('first');
  await writeFile(`${path}.new`, 'second');
  await rename(`${path}.new`, path);
  expect(readAgentToken(path)).toBe('second');
  await rm(directory, { recursive: true });
});
