/**
 * Whose state the data directory holds. What an agent left there that ran on another machine (a disk that was copied) or for another
 * cluster (a node that moved) is forgotten before anything of it is believed: its policy, its flows, whom it talked to.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StateFile } from '@ringfence/edge';
import { z } from 'zod';
import type { Config } from './config.js';
import type { StateFiles } from './cven.js';

export const StateOwner = z.object({ machineId: z.string(), cluster: z.string(), node: z.string() });
export type StateOwner = z.infer<typeof StateOwner>;

/** Undefined while nobody can read it: then nobody is told apart. */
export function machineIdOf({ RINGFENCE_MACHINE_ID_PATH: path }: Config): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** `known`: as far as anybody knows yet. True when there was something of another. */
export function forgetOthers(files: StateFiles, directory: string, known: Partial<StateOwner>): boolean {
  const owner = files.owner.read();
  const isOurs =
    owner === undefined ||
    StateOwner.keyof().options.every((key) => (known[key] ?? owner[key]) === owner[key]);
  if (isOurs) return false;
  const { view, tables, dialled, unconfirmed, credential, viewChanges } = files;
  // The credential that says of which cluster we are is not the other's.
  const kept: readonly Pick<StateFile<unknown>, 'remove'>[] = known.cluster === undefined ? [credential] : [];
  for (const file of [view, tables, dialled, unconfirmed, ...kept]) file.remove();
  viewChanges.clear();
  rmSync(join(directory, 'flows'), { recursive: true, force: true });
  files.owner.remove();
  return true;
}
