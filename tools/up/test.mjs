/**
 * `npm test`: set up what is missing, then format, lint, types, contracts, flow graph, the three tiers of tests, and two
 * minutes of the attack campaign. Ends with one summary line. `npm test -- unit|int|e2e|campaign` runs one of them only.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT, SetupError, setUp } from './setup.mjs';

const TIERS = ['unit', 'int', 'e2e'];
const CAMPAIGN = 'campaign';
const REASON_LINES = 12;
const USAGE = `npm test [-- unit | int | e2e | campaign]   everything, or one tier of tests`;

const only = process.argv[2];
if (only === '--help' || only === '-h') {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (only !== undefined && ![...TIERS, CAMPAIGN].includes(only)) {
  process.stderr.write(`ringfence: there is no tier "${only}". ${USAGE}\n`);
  process.exit(2);
}

function run(args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NX_DAEMON: 'false', ...env },
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const results = mkdtempSync(join(tmpdir(), 'ringfence-test-'));
const phases = [];
async function phase(name, work) {
  const from = performance.now();
  process.stdout.write(`\n── ${name}\n`);
  const code = await work();
  phases.push({ name, code, seconds: (performance.now() - from) / 1000 });
}

function tier(name) {
  const file = join(results, `${name}.json`);
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ];
  return phase(`tests: ${name}`, () => run(args, { RINGFENCE_TEST_TIER: name }));
}

function report(name) {
  const file = join(results, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { numPassedTests: 0, testResults: [] };
}

/** Each test that failed, and each file that could not be loaded, with the first lines of its reason. */
function failures(name) {
  return report(name).testResults.flatMap(({ name: path, status, message, assertionResults }) => {
    const failed = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({ what: test.fullName, why: test.failureMessages[0] ?? '' }));
    if (failed.length === 0 && status === 'failed') failed.push({ what: 'the file itself', why: message });
    return failed.map(({ what, why }) => ({ where: relative(ROOT, path), what, why }));
  });
}

try {
  await setUp({ root: true, log: (what) => process.stdout.write(`… installing ${what}\n`) });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`ringfence: ${error.message}\n`);
  process.exit(1);
}
if (only === undefined) await phase('check', () => run(['tools/checks/check.mjs', '--without-unit-tests']));
for (const name of TIERS) if (only === undefined || only === name) await tier(name);
if (only === undefined || only === CAMPAIGN)
  await phase(CAMPAIGN, () => run(['e2e/campaign.mjs', '--minutes', '2']));

process.stdout.write('\n');
for (const { name, code, seconds } of phases) {
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name.padEnd(20)} ${seconds.toFixed(0).padStart(5)} s\n`);
}
const passed = TIERS.reduce((sum, name) => sum + report(name).numPassedTests, 0);
const failed = TIERS.flatMap(failures);
// Once more at the very end: who sees only the last page of a long run must not have to search for what failed.
for (const { where, what, why } of failed) {
  const reason = why.split('\n').slice(0, REASON_LINES);
  process.stdout.write(`✗ ${where}: ${what}\n${reason.map((line) => `    ${line}\n`).join('')}`);
}
rmSync(results, { recursive: true, force: true });
const broken = phases.filter(({ code }) => code !== 0);
if (broken.length > 0 && failed.length === 0)
  process.stdout.write(`failed: ${broken.map(({ name }) => name).join(', ')}\n`);
process.stdout.write(`${passed} passed, ${Math.max(failed.length, broken.length)} failed\n`);
process.exit(broken.length === 0 ? 0 : 1);
