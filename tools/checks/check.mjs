/**
 * `npm run check`: format, lint (with the boundaries), types, unit tests, contracts, flow graph. The same on every
 * machine. Needs the npm packages; `npm test` brings them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
if (!existsSync(join(ROOT, 'node_modules'))) {
  process.stderr.write('ringfence: the npm packages are missing: run `npm ci` or `npm test` first.\n');
  process.exit(1);
}

const bin = (path) => join(ROOT, 'node_modules', path);
const steps = [
  ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['types', [bin('typescript7/bin/tsc'), '-b']],
  // ESLint reads Nx's cached project graph: it must be of today, or unknown projects pass every boundary.
  ['project graph', [bin('nx/dist/bin/nx.js'), 'show', 'projects', '--json'], 'quiet'],
  ['lint', [bin('eslint/bin/eslint.js'), '.']],
  ['contracts', [join(ROOT, 'tools/checks/dist/contracts.js')]],
  ['flow graph', [join(ROOT, 'tools/checks/dist/flow-graph.js')]],
  ['unit tests', [bin('vitest/vitest.mjs'), 'run']],
];

let failed = 0;
for (const [name, args, quiet] of steps) {
  if (name === 'unit tests' && process.argv.includes('--without-unit-tests')) continue;
  const from = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: quiet ? 'pipe' : 'inherit',
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false' },
  });
  const ok = status === 0;
  if (!ok && quiet) process.stderr.write(`${stdout}${stderr}`);
  if (!ok) failed += 1;
  process.stdout.write(
    `${ok ? '✓' : '✗'} ${name.padEnd(14)} ${((performance.now() - from) / 1000).toFixed(1)} s\n`,
  );
}
process.exit(failed === 0 ? 0 : 1);
