/** What processes and their children have in memory, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Resident {
  readonly pid: number;
  /** In MiB; what it shares with other processes is counted in each of them. */
  readonly resident: number;
  /** In MiB; what it shares is counted in parts. */
  readonly proportional: number;
}

/** The process first. */
export function residentTree(pid: number): Resident[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    parents.set(Number(entry), field(Number(entry), 'status', 'PPid'));
  const tree = [pid];
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child);
  return tree.map((one) => ({
    pid: one,
    resident: field(one, 'smaps_rollup', 'Rss') / 1024,
    proportional: field(one, 'smaps_rollup', 'Pss') / 1024,
  }));
}

/** 0 for a process that ended meanwhile. */
function field(pid: number, file: string, name: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
