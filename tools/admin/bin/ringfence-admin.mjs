#!/usr/bin/env node
// The door to the compiled command line. Free of dependencies, so that it can say what is missing.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');
if (!existsSync(main)) {
  console.error(
    'ringfence-admin is not built yet. Run `npm start` once, or `npm install && npm run build` in the root of the repository.',
  );
  process.exit(1);
}
const { runAdmin } = await import(pathToFileURL(main).href);
process.exitCode = await runAdmin(process.argv.slice(2), process.env);
