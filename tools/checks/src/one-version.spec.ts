/** A release has one number, wherever it is written down. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const rooms = ['libs', 'services', 'tools'].flatMap((room) =>
  readdirSync(join(ROOT, room)).map((name) => join(room, name)),
);
const packages = ['.', 'e2e', ...rooms]
  .map((directory) => join(directory, 'package.json'))
  .filter((file) => existsSync(join(ROOT, file)));

describe('the version of the release', () => {
  it.each(packages)('is that of %s', (file) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { version: string };
    expect(version).toBe(VERSION);
  });
});
