/**
 * `npm test`: set up what is missing, then format, lint, types, contracts, flow graph, the three tiers of tests, and two
 * minutes of the attack campaign. Ends with one summary line. `npm test -- unit|int|e2e|campaign` runs one of them only.
 * What passed on this machine with the same inputs is not run again (tools/nx), `--again` does; a fresh clone runs everything.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CHECKS } from '../checks/check.mjs';
import { runTargets } from '../nx/run-targets.mjs';
import { ROOT, SetupError, setUp } from './setup.mjs';

const PHASES = [
  { word: 'check', name: 'check', targets: CHECKS },
  { word: 'unit', name: 'tests: unit', targets: ['test'] },
  { word: 'int', name: 'tests: int', targets: ['test-int'] },
  { word: 'e2e', name: 'tests: e2e', targets: ['test-e2e'], live: true },
  { word: 'campaign', name: 'campaign', targets: ['campaign'], live: true },
];
const [CHECK, UNIT, ...REST] = PHASES;
/** The first two at once: one linter and one Vitest fill a processor each. */
const EVERYTHING = [
  { name: `${CHECK.name}, ${UNIT.name}`, targets: [...CHECK.targets, ...UNIT.targets] },
  ...REST,
];
const WORDS = PHASES.map(({ word }) => word);
const REASON_LINES = 12;
const USAGE = `npm test [-- ${WORDS.join(' | ')}] [--again]   everything, or one part; anew what has passed before`;

const args = process.argv.slice(2);
const again = args.includes('--again');
const [only, ...more] = args.filter((arg) => arg !== '--again');
if (only === '--help' || only === '-h') {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (more.length > 0 || (only !== undefined && !WORDS.includes(only))) {
  process.stderr.write(`ringfence: there is no "${[only, ...more].join(' ')}" to test. ${USAGE}\n`);
  process.exit(2);
}

const RESULTS = join(ROOT, 'test-results');
const done = [];
async function run({ name, targets, live }) {
  const from = performance.now();
  process.stdout.write(`\n── ${name}\n`);
  const code = await runTargets(targets, { again, live });
  done.push({ name, code, seconds: (performance.now() - from) / 1000 });
}

/** What Vitest wrote this time, or when it passed. */
function reports() {
  const files = readdirSync(RESULTS, { recursive: true }).filter((file) => file.endsWith('.json'));
  return files.flatMap((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')));
}

/** Each test that failed, and each file that could not be loaded, with its reason. */
function failures({ testResults }) {
  return testResults.flatMap(({ name: path, status, message, assertionResults }) => {
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
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS);
for (const phase of only === undefined ? EVERYTHING : PHASES.filter(({ word }) => word === only))
  await run(phase);

process.stdout.write('\n');
for (const { name, code, seconds } of done) {
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name.padEnd(20)} ${seconds.toFixed(0).padStart(5)} s\n`);
}
const passed = reports().reduce((sum, { numPassedTests }) => sum + numPassedTests, 0);
const failed = reports().flatMap(failures);
// Once more at the very end: who sees only the last page of a long run must not have to search for what failed.
for (const { where, what, why } of failed) {
  const reason = why.split('\n').slice(0, REASON_LINES);
  process.stdout.write(`✗ ${where}: ${what}\n${reason.map((line) => `    ${line}\n`).join('')}`);
}
const broken = done.filter(({ code }) => code !== 0);
if (broken.length > 0 && failed.length === 0)
  process.stdout.write(`failed: ${broken.map(({ name }) => name).join(', ')}\n`);
process.stdout.write(`${passed} passed, ${Math.max(failed.length, broken.length)} failed\n`);
process.exit(broken.length === 0 ? 0 : 1);
