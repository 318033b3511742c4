#!/usr/bin/env node
// The door to the compiled command line. Free of dependencies, so that it can say what is missing.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const main = join(dist, 'main.js');
if (!existsSync(main)) {
  console.error(
    'ringfence is not built yet. Run `npm start` once, or `npm install && npm run build` in the root of the repository.',
  );
  process.exit(1);
}
const { endQuietlyWhenUnread } = await import(pathToFileURL(join(dist, 'broken-pipe.js')).href);
for (const stream of [process.stdout, process.stderr]) endQuietlyWhenUnread(stream);
const { runCommandLine } = await import(pathToFileURL(main).href);
process.exitCode = await runCommandLine(process.argv.slice(2), process.env, process.cwd());
