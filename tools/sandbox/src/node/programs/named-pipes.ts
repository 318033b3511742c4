/**
 * The named pipes between this process and one program that containerd runs, as streams. They are opened without waiting for the
 * other side, so that no thread of this process ever hangs in one.
 */
import { close, constants, open } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand } from '../command.js';

export type PipeName = 'stdin' | 'stdout' | 'stderr';

export interface NamedPipes {
  path(name: PipeName): string;
  /** Read only once the program has begun: before that a pipe without a writer seems to have ended. */
  readable(name: PipeName): Socket;
  writable(name: PipeName): Socket;
  /** Closes what has not become a stream, and removes the pipes' names. */
  remove(): Promise<void>;
}

const openFile = promisify(open);
// The input is opened for reading, too: a program that ends at once must not make it fail.
const modes = { stdin: constants.O_RDWR, stdout: constants.O_RDONLY, stderr: constants.O_RDONLY };

export async function makeNamedPipes(folder: string, names: readonly PipeName[]): Promise<NamedPipes> {
  const path = (name: PipeName): string => join(folder, name);
  await mkdir(folder, { recursive: true });
  await runCommand('mkfifo', ['-m', '600', ...names.map(path)]);
  const held = new Map<PipeName, number>();
  for (const name of names) held.set(name, await openFile(path(name), modes[name] | constants.O_NONBLOCK));
  const taken = (name: PipeName): number => {
    const fd = held.get(name);
    if (fd === undefined) throw new Error(`there is no pipe for ${name}`);
    held.delete(name);
    return fd;
  };
  return {
    path: (name) => (names.includes(name) ? path(name) : ''),
    readable: (name) => new Socket({ fd: taken(name), readable: true, writable: false }),
    writable: (name) => new Socket({ fd: taken(name), readable: false, writable: true }),
    remove: async () => {
      for (const fd of held.values()) close(fd);
      held.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
