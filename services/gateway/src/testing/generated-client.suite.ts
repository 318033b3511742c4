/** A program that docs/api.md shows, with a client generated from the gateway's own OpenAPI document: compiled, and run. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import type { OpenAPI3 } from 'openapi-typescript';
import { describe, expect, it } from 'vitest';
import { KEY, SECRET } from './gateway-under-test.js';

const ROOT = join(import.meta.dirname, '../../../..');
const COMPILER = join(ROOT, 'node_modules/typescript7/bin/tsc');
const OPTIONS = [
  '--ignoreConfig',
  '--strict',
  '--target',
  'es2022',
  '--module',
  'nodenext',
  '--types',
  'node',
];
const run = promisify(execFile);

/** `urlOf`: where the API is, with owners behind it. */
export function generatedClientPromises(urlOf: () => string): void {
  describe('a client generated from the OpenAPI document', () => {
    it('compiles, and does what docs/api.md shows', async () => {
      const document = (await (await fetch(`${urlOf()}/openapi.json`)).json()) as OpenAPI3;
      // Below the packages that it imports, and where nobody looks for sources.
      const home = join(import.meta.dirname, '../../dist');
      mkdirSync(home, { recursive: true });
      const directory = mkdtempSync(join(home, 'client-'));
      try {
        writeFileSync(join(directory, 'api.ts'), astToString(await openapiTS(document)));
        writeFileSync(join(directory, 'program.ts'), shownProgram());
        await run(process.execPath, [COMPILER, ...OPTIONS, join(directory, 'program.ts')]);
        const env = {
          RINGFENCE_URL: urlOf().replace('/api/v2', ''),
          RINGFENCE_API_KEY: KEY,
          RINGFENCE_API_SECRET: SECRET,
        };
        const { stdout } = await run(process.execPath, [join(directory, 'program.js')], { env });
        expect(stdout).toMatch(/^\/orgs\/1\/sec_policy\/draft\/rule_sets\/\d+ is pending: create$/m);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}

function shownProgram(): string {
  const page = readFileSync(join(ROOT, 'docs/api.md'), 'utf8');
  return /```ts\n(.*?)```/s.exec(page)![1]!;
}
