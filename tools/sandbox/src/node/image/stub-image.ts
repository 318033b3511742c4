/**
 * The one image of the sandbox, built on the machine without any download: a static busybox with all its commands, so that a person
 * can look around and try connections, and the stub that stands in for every program. The stub is C because fifty interpreters would neither fit nor idle; it is compiled here once per start,
 * because a binary has no place in a repository.
 */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, tryCommand } from '../command.js';
import { dockerArchive } from './docker-archive.js';
import type { TarEntry } from './tar.js';

/** Used for every container and for the pause container, whatever the Pod asks for. */
export const stubImageReference = 'localhost/sandbox-stub:1';

const stubFolder = fileURLToPath(new URL('../../../src/node/stub/', import.meta.url));
const stubSources = ['main.c', 'serve.c', 'resolve.c', 'call.c'].map((file) => join(stubFolder, file));
// tcc cannot link glibc statically (its indirect functions); what it makes takes its libraries along instead.
const compilers = [
  { program: 'gcc', args: ['-O2', '-s', '-static'] },
  { program: 'clang', args: ['-O2', '-s', '-static'] },
  { program: 'tcc', args: [] },
];

export async function buildStubImage(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const stub = join(folder, 'stub');
  await compileStub(stub);
  const libraries = await sharedLibraries(stub);
  const busybox = await staticBusybox();
  const archive = dockerArchive({
    reference: stubImageReference,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    entrypoint: ['/bin/stub'],
    files: [
      ...['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map((path): TarEntry => ({
        path: `${path}/`,
        kind: 'folder',
      })),
      await executable('bin/stub', stub),
      await executable('bin/busybox', busybox),
      ...(await commandLinks(busybox)),
      await executable('bin/nc', join(stubFolder, 'nc.sh')),
      ...libraries,
    ],
  });
  const file = join(folder, 'stub-image.tar');
  await writeFile(file, archive);
  return file;
}

async function compileStub(output: string): Promise<void> {
  const failures: string[] = [];
  for (const { program, args } of compilers) {
    try {
      await runCommand(program, [...args, '-o', output, ...stubSources]);
      return;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `no C compiler could build the stub; install tcc (or gcc) and libc6-dev. Tried: ${failures.join('; ')}`,
  );
}

/** What the dynamic loader would load, each under its own path; nothing for a static program. */
async function sharedLibraries(program: string): Promise<TarEntry[]> {
  const listing = (await tryCommand('ldd', [program])) ?? '';
  const paths = [...listing.matchAll(/(?:=>\s+)?(\/\S+)\s+\(0x/g)].flatMap((match) =>
    match[1] === undefined ? [] : [match[1]],
  );
  const folders = [...new Set(paths.flatMap((path) => parentFolders(path.slice(1))))].sort();
  const files = await Promise.all([...new Set(paths)].map((path) => executable(path.slice(1), path)));
  return [...folders.map((path): TarEntry => ({ path: `${path}/`, kind: 'folder' })), ...files];
}

function parentFolders(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Each of busybox's commands under its own name, but for those that are files of their own. */
async function commandLinks(busybox: string): Promise<TarEntry[]> {
  const names = (await runCommand(busybox, ['--list'])).split('\n');
  const isLink = (name: string): boolean => /^[\w.[-]+$/.test(name) && !['busybox', 'nc'].includes(name);
  return names.filter(isLink).map((name) => ({ path: `bin/${name}`, kind: 'link', target: 'busybox' }));
}

async function executable(path: string, source: string): Promise<TarEntry> {
  return { path, kind: 'file', content: await readFile(source), isExecutable: true };
}

async function staticBusybox(): Promise<string> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error('busybox is missing; install busybox-static');
}
