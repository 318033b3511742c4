/** How much a process and what it has started have worked, off /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the same on every Linux that Node runs on. */
const CLOCK_TICKS = 100;
/** Own user and system time, and that of children which have ended, counted from the state that follows the name. */
const FIRST_TIME = 11;

/** Of the process, its ended children, and all that runs below it. Throws when it is gone. */
export function processorTimeMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(FIRST_TIME, FIRST_TIME + 4);
  const own = times.reduce((sum, ticks) => sum + Number(ticks), 0) * (1_000 / CLOCK_TICKS);
  return childrenOf(pid).reduce((sum, child) => sum + timeOfChild(child), own);
}

function timeOfChild(pid: number): number {
  try {
    return processorTimeMs(pid);
  } catch {
    return 0; // It ended between the two looks; its parent has its time.
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
