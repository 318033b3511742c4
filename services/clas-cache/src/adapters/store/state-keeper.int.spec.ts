import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@ringfence/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToldRecord } from '../../domain/stored-state.js';
import { AT, catalogue, countsOf } from '../../testing/facts.js';
import { StateFiles } from './state-files.store.js';
import { StateKeeper } from './state-keeper.js';

const run = promisify(execFile);
let disk: string;

beforeEach(async () => {
  disk = mkdtempSync(join(tmpdir(), 'ringfence-state-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
});
afterEach(async () => {
  await run('umount', [disk]);
  rmSync(disk, { recursive: true });
});

const keeperOn = (directory: string): StateKeeper =>
  new StateKeeper(
    new StateFiles(directory, () => undefined),
    { cluster: 'c-1', readinessTimerSeconds: 15 },
    pino({ level: 'silent' }),
  );

describe('the state that a restart needs', () => {
  it('is written when a full disk has room again, and nothing is numbered before that', async () => {
    const ballast = join(disk, 'ballast');
    await run('sh', ['-c', `dd if=/dev/zero of=${ballast} bs=4k 2>/dev/null || true`]);
    const keeper = keeperOn(disk);
    let begun = false;
    const beginning = keeper.begin(new AbortController().signal).then(() => (begun = true));
    await eventually(
      () => keeper.unwritten,
      (words) => words !== null,
    );
    expect(keeper.unwritten).toMatch(/revision cannot be written: .*(ENOSPC|no space)/i);
    expect(begun).toBe(false);
    rmSync(ballast);
    await beginning;
    expect(keeper.unwritten).toBeNull();
    expect(existsSync(join(disk, 'revision.json'))).toBe(true);
    await keeper.close();
  });

  it('has a whole policy again once a full disk has room, and keeps none from its nodes meanwhile', async () => {
    const keeper = keeperOn(disk);
    const tell = (record: ToldRecord): Promise<void> => {
      keeper.store.told(record.kind, record.token, record.told as never);
      keeper.told(record);
      return keeper.toldIsKept();
    };
    const commitOf = (flush: number): ToldRecord => {
      const told = { flush, policyVersion: flush, at: AT, counts: countsOf(0, 0), hash: '' };
      return { kind: 'commit', token: 'commit', told };
    };
    await tell({ kind: 'labels', token: '', told: catalogue });
    await tell(commitOf(1));
    const ballast = join(disk, 'ballast');
    await run('sh', ['-c', `dd if=/dev/zero of=${ballast} bs=4k 2>/dev/null || true`]);
    const large = { ...catalogue, version: 2, types: Array.from({ length: 2_000 }, (_, i) => `type-${i}`) };
    await tell({ kind: 'labels', token: '', told: large });
    expect(keeper.unwritten).toMatch(/policy cannot be written: .*(ENOSPC|no space)/i);
    await tell(commitOf(2));
    rmSync(ballast);
    await eventually(
      () => keeper.unwritten,
      (words) => words === null,
    );
    await tell(commitOf(3));
    const next = keeperOn(disk);
    expect(next.store.storedPolicy()).toMatchObject({ policyVersion: 3, catalogue: { version: 2 } });
    await Promise.all([keeper.close(), next.close()]);
  });

  it('is left out where nobody can make anything of it: clas-cache starts without', async () => {
    const kept = (form: number, value: unknown): string => JSON.stringify({ form, cluster: 'c-1', value });
    for (const value of [null, 7, { listed: {}, units: 5 }, { listed: ['pod'], pods: [null] }]) {
      writeFileSync(join(disk, 'policy.json'), kept(3, value === null ? null : { policy: value, log: 0 }));
      writeFileSync(join(disk, 'facts.json'), kept(1, value));
      writeFileSync(join(disk, 'revision.json'), kept(1, 41));
      const keeper = keeperOn(disk);
      expect(keeper.store.revision).toBe(41);
      await keeper.close();
    }
  });
});
