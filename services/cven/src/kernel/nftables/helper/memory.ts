/**
 * What transactions leave behind, given back to the system (some 20 ms): an agent is on every node, and its helper needs next to
 * nothing between two changes.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import koffi from 'koffi';

// V8 gives the function only to contexts that are made after the flag is set.
setFlagsFromString('--expose-gc');
setFlagsFromString('--compact-on-every-full-gc');
const collect = runInNewContext('gc') as () => void;
const trim = koffi.load('libc.so.6').func('int malloc_trim(size_t keep)');

export function giveBackMemory(): void {
  collect();
  trim(0);
}
