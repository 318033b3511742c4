/** The executor `lint`. Typed rules make eslint read the types of the whole repository: once, instead of once a project. */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { inItsOwnRun, inOneRun, ofProject } from './batch.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

async function lint(projectRoots) {
  const eslint = new ESLint({ cwd: ROOT });
  const results = await eslint.lintFiles(projectRoots);
  const formatter = await eslint.loadFormatter('stylish');
  const outcomes = projectRoots.map(async (projectRoot) => {
    const own = ofProject(ROOT, projectRoot, results, ({ filePath }) => filePath);
    const passed = own.every(({ errorCount }) => errorCount === 0);
    return [projectRoot, { passed, said: await formatter.format(own) }];
  });
  return new Map(await Promise.all(outcomes));
}

export const lintAll = (taskGraph) => inOneRun(taskGraph, lint);
export const lintOne = (_options, context) => inItsOwnRun(context, lint);
