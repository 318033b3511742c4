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

/**
 * In MiB, what all of them have together: pages of a file that several of them map (Node itself, first of all) are there once. A
 * container's limit counts so, too.
 */
export function residentTogether(tree: readonly Resident[]): number {
  const ofFiles = new Map<string, number>();
  let ownKiB = 0;
  for (const { pid } of tree)
    for (const { file, ofFile, own } of mappingsOf(pid)) {
      ownKiB += own;
      ofFiles.set(file, Math.max(ofFiles.get(file) ?? 0, ofFile));
    }
  return [...ofFiles.values()].reduce((sum, each) => sum + each, ownKiB) / 1024;
}

interface Mapping {
  /** Device, inode and place in it. */
  readonly file: string;
  /** In KiB; pages that were written to are its own. */
  readonly ofFile: number;
  readonly own: number;
}

/** `55d0-55d4 r-xp 00001000 fe:00 123   /usr/bin/node`, and a line per figure behind it. */
const HEAD = /^[0-9a-f]+-[0-9a-f]+ \S+ (?<place>[0-9a-f]+) (?<device>\S+) (?<inode>\d+)/;

function mappingsOf(pid: number): Mapping[] {
  const blocks = read(pid, 'smaps').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return blocks.flatMap((block) => {
    const { place, device, inode } = HEAD.exec(block)?.groups ?? {};
    if (inode === undefined) return [];
    const own = figureIn(block, 'Anonymous');
    return { file: `${device} ${inode} ${place}`, own, ofFile: figureIn(block, 'Rss') - own };
  });
}

/** Nothing of a process that ended meanwhile. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

const figureIn = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

const field = (pid: number, file: string, name: string): number => figureIn(read(pid, file), name);
