/** A file that a user named, or standard input. */
import { readFile } from 'node:fs/promises';
import { usage } from './failure.js';

/** `-` is standard input. */
export async function readText(path: string): Promise<string> {
  if (path !== '-') {
    return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw usage(
        `${path} cannot be read: ${cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message)}`,
      );
    });
  }
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
