/** The machine's monotonic clock, the same in every process of it. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const OFFSET = Date.now() - now();

/** Wall time, for people and for comparing with the API's. */
export function wallTime(at: number): Date {
  return new Date(at + OFFSET);
}
export function fromWallTime(instant: string | number | Date): number {
  return new Date(instant).getTime() - OFFSET;
}
