#!/usr/bin/env node
/**
 * `npm run bench -- <name>`: builds everything (one of them runs the whole stack) and runs one. Every number in the documents comes from here, so a
 * benchmark prints its shape, the machine and the run next to the figures.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** A benchmark is a source file whose first line says what it measures: `/** bench: … *\/`. */
function benches() {
  const found = [];
  const files = readdirSync(join(here, 'src')).filter((name) => name.endsWith('.ts'));
  for (const file of files.sort()) {
    const says = /^\/\*\* bench: (.+?) \*\//.exec(readFileSync(join(here, 'src', file), 'utf8'));
    if (says !== null) found.push({ name: file.replace(/\.ts$/, ''), says: says[1] });
  }
  return found;
}

function usage() {
  const lines = benches().map(({ name, says }) => `  ${name.padEnd(12)} ${says}`);
  return ['Usage: npm run bench -- <name> [options of the benchmark]', '', ...lines].join('\n');
}

function main(args) {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(usage());
    return 0;
  }
  if (!benches().some((bench) => bench.name === name)) {
    console.error(`There is no benchmark "${name}".\n\n${usage()}`);
    return 2;
  }
  const compiler = join(root, 'node_modules/typescript7/bin/tsc');
  const build = spawnSync(process.execPath, [compiler, '-b'], { cwd: root, stdio: 'inherit' });
  if (build.status !== 0) return 1;
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(
    `${name} on ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${memory} GiB, Node ${process.version}\n`,
  );
  const script = join(here, 'dist', `${name}.js`);
  return spawnSync(process.execPath, ['--expose-gc', script, ...rest], { stdio: 'inherit' }).status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
