/** What a page knows that asks again and again: the newest answer, and since when there is none. */
export interface Live<T> {
  /** Undefined: nothing was ever answered. */
  readonly value: T | undefined;
  /** Of the newest answer, in ms. */
  readonly answeredAt: number;
  readonly trouble: Trouble | undefined;
}
export interface Trouble {
  readonly message: string;
  readonly since: number;
  readonly attempts: number;
}

const EVERY_MS = 2_000;
const LONGEST_PAUSE_MS = 15_000;

export const NOTHING_YET: Live<never> = { value: undefined, answeredAt: 0, trouble: undefined };

export function answered<T>(value: T, at: number): Live<T> {
  return { value, answeredAt: at, trouble: undefined };
}

/** The last answer stays: it is shown as what it is, an old one. */
export function failed<T>(live: Live<T>, message: string, at: number): Live<T> {
  const { since, attempts } = live.trouble ?? { since: at, attempts: 0 };
  return { ...live, trouble: { message, since, attempts: attempts + 1 } };
}

export function pauseOf({ trouble }: Live<unknown>): number {
  return Math.min(EVERY_MS * 2 ** Math.max(0, (trouble?.attempts ?? 0) - 1), LONGEST_PAUSE_MS);
}
