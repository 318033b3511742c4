/** Stop-watch, heap and table of the benchmarks. */

export interface Figure {
  readonly what: string;
  readonly value: string;
}

export function milliseconds(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** What this process got of the processors meanwhile: on a shared machine the better measure. */
export function processorMilliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

export interface Took {
  readonly clock: number;
  readonly processor: number;
}

export function took(work: () => void): Took {
  let clock = 0;
  const processor = processorMilliseconds(() => (clock = milliseconds(work)));
  return { clock, processor };
}

/** Median and 99th percentile of many small runs, in milliseconds. */
export function distribution(times: number, work: (i: number) => void): { median: number; p99: number } {
  const all = Array.from({ length: times }, (_, i) => milliseconds(() => work(i))).sort((a, b) => a - b);
  return { median: all[Math.floor(times / 2)]!, p99: all[Math.floor(times * 0.99)]! };
}

/** Live heap after a full collection, in MB. Needs --expose-gc, which bench.mjs gives. */
export function liveHeapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

export const peakRssMb = (): number => process.resourceUsage().maxRSS / 1e3;

export function ms(value: number): string {
  return value >= 100
    ? `${value.toFixed(0)} ms`
    : value >= 1
      ? `${value.toFixed(1)} ms`
      : `${value.toFixed(3)} ms`;
}

/** Median, 99th percentile and maximum of what was measured, in milliseconds. */
export function spread(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (part: number): string => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
    return ms(value ?? Number.NaN).padStart(8);
  };
  return `p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(1)}   of ${sorted.length}`;
}

export function print(title: string, figures: readonly Figure[]): void {
  const width = Math.max(...figures.map(({ what }) => what.length));
  console.log(title);
  for (const { what, value } of figures) console.log(`  ${what.padEnd(width)}  ${value}`);
  console.log();
}
