/** What a campaign found: all that its reports know. */
import type { Suffered } from './chaos.js';
import type { FlowComparison } from './flow-count.js';
import type { Tally } from './judge.js';
import type { Violation } from './model.js';

export interface QuietPoint {
  readonly at: number;
  readonly waitedMs: number;
  /** Connections of the whole matrix. */
  readonly compared: number;
}

export interface Findings {
  readonly began: number;
  readonly ended: number;
  readonly tally: Readonly<Tally>;
  readonly violations: readonly Violation[];
  readonly faults: readonly Readonly<Suffered>[];
  readonly rounds: readonly { readonly from: number; readonly to: number }[];
  readonly quietPoints: readonly QuietPoint[];
  readonly flows: readonly FlowComparison[];
  /** Attempts per second: that passed, that were dropped. */
  readonly seconds: readonly (readonly [number, number])[];
  readonly newcomers: number;
  readonly changes: number;
  /** The longest time in which REST did not answer. */
  readonly longestSilenceMs: number;
}

/** How it was made, and on what. */
export interface Circumstances {
  readonly seed: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly hogs: number;
  readonly only: readonly string[];
  readonly revision: string;
  readonly machine: string;
}

export function repeatCommand({ seed, minutes, nodes, hogs, only }: Circumstances): string {
  const words = [
    `npm run campaign -- --minutes ${minutes} --seed ${seed}`,
    ...(nodes === 2 ? [] : [`--nodes ${nodes}`]),
    ...(hogs === 0 ? [] : [`--hogs ${hogs}`]),
    ...only.map((word) => `--only ${word}`),
  ];
  return words.join(' ');
}
