/** Runs Nx targets for `npm run check` and `npm test`. Plain Node: what is built may not be there yet. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Every project's, what passed before with the same inputs from the cache. `again`: all anew. `live`: all output as it comes
 * instead of only what failed. Answers the exit code.
 */
export function runTargets(targets, { again = false, live = false } = {}) {
  const args = [
    'node_modules/nx/dist/bin/nx.js',
    'run-many',
    `--targets=${targets.join(',')}`,
    ...(live ? ['--output-style=stream-without-prefixes'] : []),
    ...(again ? ['--skip-nx-cache'] : []),
  ];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NX_DAEMON: 'false' },
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
