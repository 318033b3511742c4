/** The executor `test`: one Vitest, whose workers load what the projects share once. Its report is kept by project, as its cache is. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inItsOwnRun, inOneRun, ofProject } from './batch.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const reportOf = (projectRoot) => join(ROOT, 'test-results', 'unit', `${projectRoot}.json`);

async function test(projectRoots) {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-tests-'));
  try {
    const report = await run(projectRoots, join(directory, 'report.json'));
    return new Map(projectRoots.map((projectRoot) => [projectRoot, keep(projectRoot, report)]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One worker: Nx runs two targets at a time. */
async function run(projectRoots, outputFile) {
  process.env.RINGFENCE_TEST_TIER = 'unit';
  const { startVitest } = await import('vitest/node');
  const vitest = await startVitest(
    'test',
    projectRoots.map((root) => `${root}/src/`),
    { root: ROOT, run: true, watch: false, maxWorkers: 1, reporters: ['default', ['json', { outputFile }]] },
  );
  const stray = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return { stray, ...JSON.parse(readFileSync(outputFile, 'utf8')) };
}

/** An error that belongs to no test is everybody's. */
function keep(projectRoot, { testResults, stray }) {
  const own = ofProject(ROOT, projectRoot, testResults, ({ name }) => name);
  const count = (status) =>
    own.flatMap((file) => file.assertionResults).filter((each) => each.status === status).length;
  const [passed, failed] = [count('passed'), count('failed')];
  const path = reportOf(projectRoot);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: own }));
  const isWhole = stray === 0 && own.length > 0 && own.every(({ status }) => status === 'passed');
  return { passed: isWhole, said: `${projectRoot}: ${passed} passed, ${failed} failed\n` };
}

export const testAll = (taskGraph) => inOneRun(taskGraph, test);
export const testOne = (_options, context) => inItsOwnRun(context, test);
