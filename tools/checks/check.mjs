/**
 * `npm run check`: format, types, lint with the boundaries, contracts, flow graph, packages, projections, unit tests. The
 * same on every machine. What passed before with the same inputs is not run again; `npm run check -- --again` does. Needs the
 * npm packages; `npm test` brings them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runTargets } from '../nx/run-targets.mjs';

export const CHECKS = ['format', 'build', 'lint', 'contracts', 'flow-graph', 'packages', 'projections'];

if (import.meta.filename === process.argv[1]) {
  if (!existsSync(join(import.meta.dirname, '..', '..', 'node_modules'))) {
    process.stderr.write('ringfence: the npm packages are missing: run `npm ci` or `npm test` first.\n');
    process.exit(1);
  }
  process.exit(await runTargets([...CHECKS, 'test'], { again: process.argv.includes('--again') }));
}
