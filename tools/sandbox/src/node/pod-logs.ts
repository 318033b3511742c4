/**
 * The containers' logs for the API server: reads the files that the runtime writes (one line per write: instant, stream, flag, text)
 * and, when asked to follow, goes on reading until the reader leaves, the container has started anew or the Pod's files are gone.
 */
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodLogOptions, PodLogSource } from '../api/streams/containers.js';

const followPauseMs = 300;
const maxPastBytes = 4 << 20;
const maxPieceBytes = 64 * 1024;

export function readPodLogs(logFolders: readonly string[]): PodLogSource {
  return async function* read(namespace, pod, container, options) {
    const file = await logFile(logFolders, `${namespace}_${pod}_`, container, options.previous);
    if (file === undefined) return;
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - maxPastBytes);
      const past = wholeLines(await readAt(handle, start, size - start), start > 0);
      yield shown(lastLines(linesSince(past.lines, options.since), options.tailLines), options);
      if (options.follow) yield* follow(handle, { file, position: size - past.rest.length }, options);
    } finally {
      await handle.close();
    }
  };
}

interface LogPlace {
  file: string;
  /** Of the first line that has not been read. */
  position: number;
}

async function* follow(
  handle: FileHandle,
  { file, position }: LogPlace,
  options: PodLogOptions,
): AsyncGenerator<string> {
  let isLast = false;
  while (!options.signal.aborted) {
    const { lines, rest, size } = wholeLines(await readAt(handle, position, maxPieceBytes), false);
    // A line longer than a piece cannot be told whole: the runtime itself writes long ones in parts of 16 KiB.
    position += size === maxPieceBytes && lines.length === 0 ? size : size - rest.length;
    if (lines.length > 0) yield shown(lines, options);
    else if (isLast) return;
    // Once more after the end was seen: what it wrote last must not be lost.
    else if (options.hasEnded() || (await hasNoMore(handle, file))) isLast = true;
    else await sleep(followPauseMs);
  }
}

/** A file without a name any more belongs to a Pod that has been removed; a later one beside it to the container's next run. */
async function hasNoMore(handle: FileHandle, file: string): Promise<boolean> {
  if ((await handle.stat()).nlink === 0) return true;
  const folder = join(file, '..');
  const [latest] = await runsOf(folder);
  return latest !== undefined && join(folder, `${latest}.log`) !== file;
}

async function logFile(
  folders: readonly string[],
  prefix: string,
  container: string,
  isPrevious: boolean,
): Promise<string | undefined> {
  for (const folder of folders) {
    const pods = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix));
    for (const pod of pods) {
      const run = (await runsOf(join(folder, pod, container)))[isPrevious ? 1 : 0];
      if (run !== undefined) return join(folder, pod, container, `${run}.log`);
    }
  }
  return undefined;
}

/** The numbers of a container's runs, latest first. */
async function runsOf(folder: string): Promise<number[]> {
  const files = await readdir(folder).catch(() => []);
  return files.map((name) => Number.parseInt(name, 10)).sort((left, right) => right - left);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

interface Lines {
  lines: string[];
  /** Of a line that is still being written. */
  rest: Buffer;
  size: number;
}

function wholeLines(bytes: Buffer, isFirstCut: boolean): Lines {
  const end = bytes.lastIndexOf('\n') + 1;
  const lines = bytes
    .toString('utf8', 0, end)
    .split('\n')
    .slice(isFirstCut ? 1 : 0, -1);
  return { lines, rest: bytes.subarray(end), size: bytes.length };
}

function linesSince(lines: readonly string[], since: Date | undefined): readonly string[] {
  if (since === undefined) return lines;
  return lines.filter((line) => Date.parse(line.slice(0, line.indexOf(' '))) >= since.getTime());
}

function lastLines(lines: readonly string[], count: number | undefined): readonly string[] {
  return count === undefined ? lines : lines.slice(Math.max(0, lines.length - count));
}

/** A line that the runtime had to write in parts is one line again. */
function shown(lines: readonly string[], { timestamps }: Pick<PodLogOptions, 'timestamps'>): string {
  const pieces = lines.map((line) => {
    const [, instant = '', flag, text = ''] = /^(\S+ )(?:stdout|stderr) ([FP]) (.*)$/s.exec(line) ?? [];
    return `${timestamps ? instant : ''}${text}${flag === 'P' ? '' : '\n'}`;
  });
  return pieces.join('');
}
