/**
 * Which reading of a half of the flow sets was the last that was handed on: kept with it until the half is emptied, also by
 * the next agent, so that a half which is found as it was read is not counted again. Pure.
 */
import type { Half } from '@ringfence/firewall';

export interface ReadMark {
  /** As the records of tables name it. */
  readonly place: string;
  readonly half: Half;
  readonly digest: string;
}

export function isSameReading(a: ReadMark, b: ReadMark | undefined): boolean {
  return a.half === b?.half && a.digest === b.digest;
}
