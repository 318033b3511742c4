/**
 * The executors `test` and `test-int`: one Vitest, which loads what the projects share once and gives each worker the next file, whosever
 * it is. Its report is kept by project, as Nx' cache is.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inItsOwnRun, inOneRun, ofProject } from './batch.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
/** Unit tests run beside lint, which fills the other processor; those with real servers wait more than they compute. */
const WORKERS = { unit: 1, int: 3 };

const testsOf = (tier) => async (projectRoots) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-tests-'));
  try {
    const report = await run(tier, projectRoots, join(directory, 'report.json'));
    return new Map(projectRoots.map((projectRoot) => [projectRoot, keep(tier, projectRoot, report)]));
  } finally {
    rmSync(directory, { recursive: true });
  }
};

async function run(tier, projectRoots, outputFile) {
  process.env.RINGFENCE_TEST_TIER = tier;
  const { startVitest } = await import('vitest/node');
  const filters = projectRoots.map((root) => `${root}/src/`);
  const vitest = await startVitest('test', filters, {
    root: ROOT,
    run: true,
    watch: false,
    maxWorkers: WORKERS[tier],
    reporters: ['default', ['json', { outputFile }]],
  });
  const stray = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return { stray, ...JSON.parse(readFileSync(outputFile, 'utf8')) };
}

/** An error that belongs to no test is everybody's. */
function keep(tier, projectRoot, { testResults, stray }) {
  const own = ofProject(ROOT, projectRoot, testResults, ({ name }) => name);
  const count = (status) =>
    own.flatMap((file) => file.assertionResults).filter((each) => each.status === status).length;
  const [passed, failed] = [count('passed'), count('failed')];
  const path = join(ROOT, 'test-results', tier, `${projectRoot}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: own }));
  const isWhole = stray === 0 && own.length > 0 && own.every(({ status }) => status === 'passed');
  return { passed: isWhole, said: `${projectRoot}: ${passed} passed, ${failed} failed\n` };
}

export const unitAll = (taskGraph) => inOneRun(taskGraph, testsOf('unit'));
export const unitOne = (_options, context) => inItsOwnRun(context, testsOf('unit'));
export const intAll = (taskGraph) => inOneRun(taskGraph, testsOf('int'));
export const intOne = (_options, context) => inItsOwnRun(context, testsOf('int'));
