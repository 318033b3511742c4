/** Folders of documents: what is read of them, and what is written into them. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// Loaded at first use: not while a test is timed.
import './policy-documents.js';
import { writePolicy } from './policy-text.js';
import { readPolicyFile } from './read-policy-file.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ringfence-documents-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const put = (path: string, name: string): void =>
  writeFileSync(join(folder, path), `services: [{ name: ${name}, ports: [80/tcp] }]`);

describe('a folder of documents', () => {
  it('is read with all that is below it, by name; hidden files, other files and linked folders are not', async () => {
    for (const below of ['b', '.git', 'b/deep']) mkdirSync(join(folder, below));
    put('z.yaml', 'last');
    put('b/one.yml', 'second');
    put('b/deep/two.yaml', 'first');
    put('.hidden.yaml', 'hidden');
    put('.git/x.yaml', 'hidden too');
    put('README.md', 'no document');
    symlinkSync(folder, join(folder, 'loop'));
    symlinkSync(join(folder, 'README.md'), join(folder, 'linked.yaml'));
    const { policy } = await readPolicyFile(folder);
    expect(policy.services.map(({ name }) => name)).toEqual(['first', 'second', 'no document', 'last']);
  });

  it('without a document is refused, as is a parameter that is said twice or has no value', async () => {
    await expect(readPolicyFile(folder)).rejects.toThrow('there is no .yaml or .yml file in it');
    put('a.yaml', 'a');
    await expect(readPolicyFile(folder, ['x=1', 'x=2'])).rejects.toThrow('--set x: it is said twice');
    await expect(readPolicyFile(folder, ['x'])).rejects.toThrow('write NAME=VALUE');
    await expect(readPolicyFile(join(folder, 'b.yaml'))).rejects.toThrow('there is no such file');
  });

  it('gets a file for each kind, and one of an earlier time says no more than there is', async () => {
    const services = [{ name: 'web', ports: ['80/tcp'] }];
    const boundaries = [{ name: 'no ssh', from: 'all', to: 'all', on: ['22/tcp'] }];
    const write = (text: string): never => expect.fail(text);
    await writePolicy({ services, boundaries }, folder, write);
    expect(readdirSync(folder)).toEqual(['boundaries.yaml', 'services.yaml']);
    await writePolicy({ services, boundaries: [] }, folder, write);
    expect(readFileSync(join(folder, 'boundaries.yaml'), 'utf8')).toBe('');
    expect((await readPolicyFile(folder)).policy).toMatchObject({
      services: [{ name: 'web' }],
      boundaries: [],
    });
  });
});
