import { describe, expect, it } from 'vitest';
import { listProblems } from './package-lists.js';
import type { Project } from './package-lists.js';

const clean: Project = {
  name: '@ringfence/labels',
  dependencies: ['@ringfence/contracts', 'zod'],
  devDependencies: ['fast-check'],
  references: ['@ringfence/contracts'],
  files: [
    { path: 'libs/labels/src/label.ts', imports: ['@ringfence/contracts', 'zod'] },
    { path: 'libs/labels/src/label.spec.ts', imports: ['fast-check', 'vitest', 'zod'] },
  ],
};
const planted = (change: Partial<Project>): string[] => listProblems({ ...clean, ...change });
const importing = (path: string, name: string): Partial<Project> => ({
  files: [...clean.files, { path, imports: [name] }],
});

describe('the packages of a project', () => {
  it('are in order when everything is listed that is imported, and nothing else', () => {
    expect(listProblems(clean)).toEqual([]);
  });

  it('need the runner of specs on no list but that of who starts it', () => {
    const starting = { dependencies: [...clean.dependencies, 'vitest'] };
    expect(planted({ ...starting, ...importing('tools/nx/tests.mjs', 'vitest') })).toEqual([]);
    expect(planted(starting)).toHaveLength(1);
  });

  it.each([
    ['that runs, unlisted', importing('libs/labels/src/a.ts', 'pg')],
    ['that runs, listed for tests', importing('libs/labels/src/a.ts', 'fast-check')],
    ['for tests, unlisted', importing('libs/labels/src/testing/a.ts', 'pg')],
    ['that nothing imports', { dependencies: [...clean.dependencies, 'pg'] }],
    ['for tests that no test imports', { devDependencies: [...clean.devDependencies, 'pg'] }],
    ['of ours that TypeScript does not know', { references: [] }],
    ['that only TypeScript knows', { references: ['@ringfence/contracts', '@ringfence/bus'] }],
  ])('are refused with one %s', (_, change) => {
    expect(planted(change)).toHaveLength(1);
  });
});
