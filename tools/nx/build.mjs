/** The executor `build`: one compiler over all projects, which reads what they share once and knows their order itself. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inItsOwnRun, inOneRun } from './batch.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const COMPILER = join('node_modules', 'typescript7', 'bin', 'tsc');

function compile(projectRoots) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMPILER, '-b', ...projectRoots], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { passed: status === 0, said: `${stdout}${stderr}` };
}

/** Whose error it is, nobody says where one project is built on another: then each is asked alone. */
function build(projectRoots) {
  const together = compile(projectRoots);
  return new Map(
    projectRoots.map((projectRoot) => [projectRoot, together.passed ? together : compile([projectRoot])]),
  );
}

export const buildAll = (taskGraph) => inOneRun(taskGraph, build);
export const buildOne = (_options, context) => inItsOwnRun(context, build);
