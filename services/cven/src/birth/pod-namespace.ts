/** What may be taken for a Pod's network namespace: a path that a runtime gives, a namespace at its end, and not the node's own. */
import { statfsSync, statSync } from 'node:fs';
import { isBelow } from './birth-request.js';

const NSFS = 0x6e736673;

/** Undefined: it is one. Otherwise why not. */
export function refusedNamespace(path: string, directories: readonly string[]): string | undefined {
  const said = JSON.stringify(path);
  if (!isBelow(path, directories))
    return `the network namespace ${said} is in none of ${directories.join(', ')}`;
  try {
    if (statfsSync(path).type !== NSFS) return `${said} is no network namespace`;
    if (statSync(path).ino === statSync('/proc/self/ns/net').ino)
      return `${said} is the node's own network namespace`;
  } catch {
    return `there is no network namespace ${said}`;
  }
  return undefined;
}
