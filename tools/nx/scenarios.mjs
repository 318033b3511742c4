/**
 * The scenarios of a project in parts side by side, each with a system of its own: they wait for theirs more than they
 * compute, and nobody else's may be in their way. Every part runs to its end, whatever becomes of the others.
 *
 *   node tools/nx/scenarios.mjs e2e
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const STACKS = 2;
const [project] = process.argv.slice(2);
const env = { ...process.env, RINGFENCE_TEST_TIER: 'e2e' };

const parts = Array.from({ length: STACKS }, (_, i) => {
  const report = `test-results/e2e/${project}-${i + 1}.json`;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', `${project}/src/`];
  return spawn(process.execPath, [...vitest, ...reporters, `--shard=${i + 1}/${STACKS}`], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
});
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => parts.forEach((part) => part.kill(signal)));
const codes = await Promise.all(parts.map(async (part) => (await once(part, 'exit'))[0]));
process.exit(codes.every((code) => code === 0) ? 0 : 1);
