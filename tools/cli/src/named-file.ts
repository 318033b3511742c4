/** A file that a user named: what is wrong with it is said in words. */
import { readFile, writeFile } from 'node:fs/promises';
import { usage } from './failure.js';

/** `-` is standard input. */
export async function readText(path: string): Promise<string> {
  if (path !== '-') return readFile(path, 'utf8').catch(said(`${path} cannot be read`));
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

export const writeText = (path: string, text: string): Promise<void> =>
  writeFile(path, text).catch(said(`${path} cannot be written`));

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder: name a file',
  EACCES: 'you may not',
  ENOSPC: 'the disk is full',
};

const said =
  (what: string) =>
  (cause: NodeJS.ErrnoException): never => {
    throw usage(`${what}: ${WORDS[cause.code ?? ''] ?? cause.code ?? cause.message}`);
  };
