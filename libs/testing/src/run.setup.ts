/** For a whole test run: a place for what its files would each make for themselves; removed at its end. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEPT_DATA } from './postgres-server.js';

export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-run-'));
  chmodSync(directory, 0o755);
  process.env[KEPT_DATA] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
