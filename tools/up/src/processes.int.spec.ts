/** How processes of the stack end: nobody who still works is killed, and who had to be killed leaves nothing behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Processes } from './processes.js';
import type { SupervisedProcess } from './processes.js';
import { untilDone } from '@ringfence/testing';

let directory: string;
let processes: Processes;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-processes-'));
  processes = new Processes(directory, () => undefined);
});
afterEach(async () => {
  await processes.stopAll([]);
  rmSync(directory, { recursive: true, force: true });
});

/** `onStop` is what its shell does when it is asked to end. */
async function shell(onStop: string, cleanUp?: string): Promise<SupervisedProcess> {
  const child = processes.start({
    name: 'shell',
    command: 'sh',
    args: ['-c', `trap '${onStop}' TERM; echo ready; while :; do sleep 0.1; done`],
    stopTimeoutMs: 1_500,
    ...(cleanUp !== undefined && { cleanUpArgs: ['-c', cleanUp] }),
  });
  await untilDone(
    async () => (child.lastLines(1) === 'ready' ? { done: true } : { missing: 'its first word' }),
    { what: 'the shell' },
  );
  return child;
}

describe('a process that is asked to end', () => {
  it('may take as long as it works, also through children of its own', async () => {
    const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
    const rounds = Array.from({ length: 6 }, () => `sh -c "${burn}"`).join('; ');
    const child = await shell(
      `${rounds.replaceAll('$', '\\$')}; echo ended well >> ${directory}/end; exit 0`,
    );
    await child.stop();
    expect(readFileSync(join(directory, 'end'), 'utf8')).toBe('ended well\n');
  });

  it('is killed when it does nothing any more, and cleaned up after', async () => {
    const child = await shell('kill -STOP $$', `touch ${directory}/cleaned`);
    await child.stop();
    expect(child.isRunning).toBe(false);
    expect(existsSync(join(directory, 'cleaned'))).toBe(true);
  });
});
