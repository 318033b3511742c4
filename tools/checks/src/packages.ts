/**
 * Each project's package.json names what its code imports and nothing else, and its tsconfig.json refers to the projects
 * among it. Read off the edges that Nx found in the sources: on them rest every cache and every boundary, so that a graph
 * without them is found out here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { listProblems } from './package-lists.js';
import type { Project } from './package-lists.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** A project that has moved away may have left what was built of it. */
const ROOTS = ['libs', 'services', 'tools']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(folder, name)))
  .filter((root) => existsSync(join(ROOT, root, 'package.json')));

const Names = z.record(z.string(), z.string()).default({});
const PackageJson = z.object({ name: z.string(), dependencies: Names, devDependencies: Names });
const TsConfig = z.object({ references: z.array(z.object({ path: z.string() })).default([]) });
/** A name, or what kind of edge it is beside it. */
const Edge = z.union([z.string(), z.array(z.string())]);
const FileMap = z.object({
  fileMap: z.object({
    projectFileMap: z.record(
      z.string(),
      z.array(z.object({ file: z.string(), deps: z.array(Edge).default([]) })),
    ),
  }),
});

const read = <S extends z.ZodType>(schema: S, ...path: string[]): z.infer<S> =>
  schema.parse(JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')));

/** Nx writes it whenever it runs, so also before it runs this. */
const { projectFileMap } = read(FileMap, '.nx/workspace-data/file-map.json').fileMap;

/** `npm:zod` or `npm:zod@4.6.7` → `zod`. */
const packageOf = (edge: z.infer<typeof Edge>): string =>
  (typeof edge === 'string' ? edge : edge.at(edge.length === 3 ? 1 : 0)!)
    .replace(/^npm:/, '')
    .replace(/(?<=.)@.*$/, '');

function projectAt(root: string): Project {
  const { name, dependencies, devDependencies } = read(PackageJson, root, 'package.json');
  const isCompiled = existsSync(join(ROOT, root, 'tsconfig.json'));
  // What is not compiled runs as it stands.
  const isSource = isCompiled ? /\/src\/.+\.tsx?$|\.config\.mjs$/ : /\.mjs$/;
  const sources = (projectFileMap[name] ?? []).filter(({ file }) => isSource.test(file));
  return {
    name,
    dependencies: Object.keys(dependencies),
    devDependencies: Object.keys(devDependencies),
    references: isCompiled ? referencesOf(root) : undefined,
    files: sources.map(({ file, deps }) => ({ path: file, imports: deps.map(packageOf) })),
  };
}

function referencesOf(root: string): string[] {
  return read(TsConfig, root, 'tsconfig.json').references.map(
    ({ path }) => read(PackageJson, relative(ROOT, join(ROOT, root, path)), 'package.json').name,
  );
}

const projects = [...ROOTS, 'e2e'].map(projectAt);
const blind = projects.every(({ files }) => files.every(({ imports }) => imports.length === 0));
const problems = blind
  ? ['Nx sees no imports: see analyzeSourceFiles in nx.json']
  : projects.flatMap(listProblems);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${projects.length} projects, ${problems.length} problems\n`);
process.exit(problems.length === 0 ? 0 : 1);
