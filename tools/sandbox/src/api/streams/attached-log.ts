/**
 * What `attach` shows of a container: what its program says from now on. The programs of the sandbox read nothing, so that of the
 * client's input only its wish to leave is heard.
 */
import { Readable, Writable } from 'node:stream';
import type { RunningProgram } from './containers.js';

const endKeys = [0x03, 0x04];

export function attachedLog(
  said: (left: AbortSignal) => AsyncIterable<string>,
  { hasInput, hasTerminal }: { hasInput: boolean; hasTerminal: boolean },
): RunningProgram {
  const left = new AbortController();
  const lineEnd = hasTerminal ? '\r\n' : '\n';
  const bytes = async function* (): AsyncGenerator<Buffer> {
    for await (const text of said(left.signal))
      if (text !== '') yield Buffer.from(text.replaceAll('\n', lineEnd));
  };
  const output = Readable.from(bytes());
  const input = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (hasTerminal && endKeys.some((key) => chunk.includes(key))) left.abort();
      done();
    },
  });
  return {
    input: hasInput ? input : undefined,
    output,
    errors: undefined,
    resize: () => Promise.resolve(),
    ended: Promise.resolve(0),
    kill: () => left.abort(),
  };
}
