/**
 * The containers' logs for the API server: reads the files that the runtime writes (one line per write: instant, stream, flag, text)
 * and, when asked to follow, goes on reading until the reader leaves or the Pod's files are gone.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PodLogRequest {
  follow: boolean;
  tailLines: number | undefined;
  previous: boolean;
  signal: AbortSignal;
}

export type PodLogReader = (
  namespace: string,
  pod: string,
  container: string,
  request: PodLogRequest,
) => AsyncIterable<string>;

const followPauseMs = 300;
const maxChunkBytes = 1 << 20;

export function readPodLogs(logFolders: readonly string[]): PodLogReader {
  return async function* read(namespace, pod, container, request) {
    const file = await logFile(logFolders, `${namespace}_${pod}_`, container, request.previous);
    if (file === undefined) return;
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const first = await handle.read(
        Buffer.alloc(Math.min(size, maxChunkBytes)),
        0,
        undefined,
        Math.max(0, size - maxChunkBytes),
      );
      yield tail(plainText(first.buffer.toString('utf8', 0, first.bytesRead)), request.tailLines);
      let position = size;
      while (request.follow && !request.signal.aborted) {
        const more = await handle.read(Buffer.alloc(64 * 1024), 0, undefined, position);
        position += more.bytesRead;
        if (more.bytesRead > 0) yield plainText(more.buffer.toString('utf8', 0, more.bytesRead));
        // A file without a name any more belongs to a Pod that has been removed.
        else if ((await handle.stat()).nlink === 0) return;
        else await sleep(followPauseMs);
      }
    } finally {
      await handle.close();
    }
  };
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
      const files = await readdir(join(folder, pod, container)).catch(() => []);
      const attempts = files.map((name) => Number.parseInt(name, 10)).sort((left, right) => right - left);
      const attempt = attempts[isPrevious ? 1 : 0];
      if (attempt !== undefined) return join(folder, pod, container, `${attempt}.log`);
    }
  }
  return undefined;
}

function plainText(raw: string): string {
  return raw.replace(/^\S+ (?:stdout|stderr) [FP] /gm, '');
}

function tail(text: string, lines: number | undefined): string {
  if (lines === undefined) return text;
  const all = text.split('\n');
  return all.slice(Math.max(0, all.length - 1 - lines)).join('\n');
}
