/**
 * Compiles the CNI plugin: `node build.mjs [output]`, by default to where the compiled agent looks for it. Plain Node, so that
 * an image's build, the local stack and tests can all call it. Does nothing when the program is newer than its sources.
 * Not into `dist`: a build that comes from Nx' cache replaces that folder, and takes away what others put there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = dirname(fileURLToPath(import.meta.url));
// tcc cannot link glibc statically; what it makes runs where it was made, which is all that a local stack needs.
const compilers = [
  ['gcc', '-std=gnu11', '-O2', '-s', '-static', '-Wall', '-Wextra'],
  ['clang', '-std=gnu11', '-O2', '-s', '-static', '-Wall', '-Wextra'],
  ['tcc'],
];

const output = process.argv[2] ?? join(sources, 'bin', 'ringfence-cni');
const files = readdirSync(sources).filter((name) => /\.[ch]$|\.mjs$/.test(name));
const newest = Math.max(...files.map((name) => statSync(join(sources, name)).mtimeMs));
if ((statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= newest) compile();

function compile() {
  const failures = [];
  mkdirSync(dirname(output), { recursive: true });
  const program = `${output}.${process.pid}`;
  const units = files.filter((name) => name.endsWith('.c')).map((name) => join(sources, name));
  for (const [compiler, ...options] of compilers) {
    const { status, stderr, error } = spawnSync(compiler, [...options, '-o', program, ...units]);
    if (status === 0) return renameSync(program, output);
    failures.push(`${compiler}: ${error?.message ?? String(stderr).split('\n')[0]}`);
  }
  process.stderr.write(
    `the CNI plugin could not be compiled; install gcc and libc6-dev (${failures.join('; ')})\n`,
  );
  process.exitCode = 1;
}
