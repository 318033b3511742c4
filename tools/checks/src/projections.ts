/**
 * A projection whose code changes makes other rows, and the tables that stand were made by the old code. Here is what
 * each projection's code was when its version was last set: when it changed and the version did not, this reminds. `--update`
 * takes the code as it is: after the version was raised, or when the rows come out the same.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const LOCK = join(import.meta.dirname, '..', 'projections.lock.json');

interface Known {
  readonly version: string;
  readonly code: string;
}

/** Of the code without comments and layout. */
function codeOf(text: string): string {
  const bare = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '').replace(/\s+/g, ' ');
  return createHash('sha256').update(bare).digest('hex').slice(0, 16);
}

function projectionIn(file: string): (readonly [string, Known])[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const version = /: Projection = \{[^}]*?version: (\d+)|const SHAPE = (\d+)/.exec(text);
  if (version === null) return [];
  return [[file, { version: version[1] ?? version[2] ?? '', code: codeOf(text) }]];
}

function projections(): Record<string, Known> {
  const services = readdirSync(join(ROOT, 'services'))
    .map((service) => join('services', service, 'src'))
    .filter((folder) => existsSync(join(ROOT, folder)));
  const files = [...services, join('libs', 'event-store', 'src')].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .map((file) => join(folder, file)),
  );
  return Object.fromEntries(files.sort().flatMap(projectionIn));
}

const now = projections();
const known = existsSync(LOCK) ? (JSON.parse(readFileSync(LOCK, 'utf8')) as Record<string, Known>) : {};
const update = process.argv.includes('--update');
const problems = Object.entries(now).flatMap(([file, { version, code }]) => {
  const before = known[file];
  if (before?.code === code && before.version === version) return [];
  const what =
    before?.version === version
      ? `its code changed: raise its version (or, if its rows come out the same, leave it)`
      : 'it is new or has a new version';
  return [`${file}: ${what}, and run node tools/checks/dist/projections.js --update`];
});
if (update) writeFileSync(LOCK, `${JSON.stringify(now, null, 2)}\n`);
else for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`${Object.keys(now).length} projections, ${update ? 0 : problems.length} problems\n`);
process.exit(update || problems.length === 0 ? 0 : 1);
