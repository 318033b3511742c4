/** Logs as the runtime writes them, on a real file system. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodLogOptions, PodLogSource } from '../api/streams/containers.js';
import { readPodLogs } from './pod-logs.js';

const plain: PodLogOptions = {
  follow: false,
  tailLines: undefined,
  since: undefined,
  timestamps: false,
  previous: false,
  hasEnded: () => false,
  signal: new AbortController().signal,
};
const line = (second: number, words: string, flag = 'F'): string =>
  `2026-01-01T00:00:0${second}.123456789Z stdout ${flag} ${words}\n`;

let folder: string;
let container: string;
let source: PodLogSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-logs-'));
  container = join(folder, 'shop_web_uid', 'main');
  source = readPodLogs([folder]);
  await mkdir(container, { recursive: true });
  await writeFile(join(container, '0.log'), line(1, 'one') + line(2, 'two') + line(3, 'three'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const log = (options: Partial<PodLogOptions> = {}) => source('shop', 'web', 'main', { ...plain, ...options });

async function read(options: Partial<PodLogOptions> = {}): Promise<string> {
  let text = '';
  for await (const piece of log(options)) text += piece;
  return text;
}

describe('a log', () => {
  it('is shown whole, from its end, or from an instant on', async () => {
    expect(await read()).toBe('one\ntwo\nthree\n');
    expect(await read({ tailLines: 2 })).toBe('two\nthree\n');
    expect(await read({ tailLines: 0 })).toBe('');
    expect(await read({ since: new Date('2026-01-01T00:00:02Z') })).toBe('two\nthree\n');
    expect(await read({ timestamps: true, tailLines: 1 })).toBe('2026-01-01T00:00:03.123456789Z three\n');
  });

  it('joins what the runtime had to write in parts, and leaves out what is still being written', async () => {
    await appendFile(
      join(container, '0.log'),
      line(4, 'fo', 'P') + line(4, 'ur') + '2026-01-01T00:00:05Z std',
    );
    expect(await read()).toBe('one\ntwo\nthree\nfour\n');
  });

  it('is that of the latest run, or of the one before', async () => {
    expect(await read({ previous: true })).toBe('');
    await writeFile(join(container, '1.log'), line(5, 'again'));
    expect(await read()).toBe('again\n');
    expect(await read({ previous: true })).toBe('one\ntwo\nthree\n');
  });

  it('is followed until the container runs anew, with everything that it said last', async () => {
    const pieces = log({ follow: true, tailLines: 1 })[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toBe('three\n');
    const next = pieces.next();
    await appendFile(join(container, '0.log'), line(4, 'four'));
    expect((await next).value).toBe('four\n');
    await writeFile(join(container, '1.log'), '');
    await appendFile(join(container, '0.log'), line(5, 'last'));
    expect((await pieces.next()).value).toBe('last\n');
    expect((await pieces.next()).done).toBe(true);
  });

  it('is followed until its container has ended, its Pod is gone or its reader leaves', async () => {
    expect(await read({ follow: true, hasEnded: () => true })).toBe('one\ntwo\nthree\n');
    expect(await read({ follow: true, signal: AbortSignal.abort() })).toBe('one\ntwo\nthree\n');
    const following = read({ follow: true });
    await rm(join(folder, 'shop_web_uid'), { recursive: true });
    expect(await following).toBe('one\ntwo\nthree\n');
  });
});
