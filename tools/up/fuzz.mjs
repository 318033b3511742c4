/**
 * `npm run fuzz`: 10,000 requests, right ones and wrong ones, to a whole control side of its own. `npm test` sends 500 of them. The seed says
 * which; whatever is found shows the request that found it.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ROOT, SetupError, setUp } from './setup.mjs';

const USAGE = 'npm run fuzz [-- --requests 10000 --seed 7]';
const options = {
  requests: { type: 'string', default: '10000' },
  seed: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

function asked() {
  try {
    const { requests, seed = String(randomInt(1e9)), help } = parseArgs({ options }).values;
    return { requests, seed, help, isRight: [requests, seed].every((text) => /^\d{1,9}$/.test(text)) };
  } catch {
    return { isRight: false };
  }
}

const { requests, seed, help, isRight } = asked();
if (help || !isRight) {
  (isRight ? process.stdout : process.stderr).write(`${USAGE}\n`);
  process.exit(isRight ? 0 : 2);
}
try {
  await setUp({ root: false, log: (what) => process.stdout.write(`… installing ${what}\n`) });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`ringfence: ${error.message}\n`);
  process.exit(1);
}
const env = { RINGFENCE_TEST_TIER: 'int', RINGFENCE_FUZZ_REQUESTS: requests, RINGFENCE_FUZZ_SEED: seed };
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  'services/gateway/src/clients.int.spec.ts',
  '-t',
  'bad input',
];
process.stdout.write(`${requests} requests, seed ${seed}\n`);
const { status } = spawnSync(process.execPath, vitest, {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, ...env },
});
process.exit(status ?? 1);
