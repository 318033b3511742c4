import { isSameValue } from '@ringfence/decider';
/**
 * What one observation changes about one object. Deliveries repeat and overtake each other, so an observation counts
 * only if it is newer: of a later list (epoch), or of the same list with a higher resource version. An older list is
 * never believed again, which also survives an API server that begins to count anew.
 */

export interface ObservedObject {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly epoch: string;
  readonly gone: boolean;
  /** The domain state of the object, as events carry it. */
  readonly body: unknown;
}
export type Verdict = 'appeared' | 'changed' | 'vanished' | 'same' | 'stale';

/** Order of the epochs of one list, by first sight; an epoch that is not there is new, thus the latest. */
export type EpochOrder = ReadonlyMap<string, number>;

export function judgeObservation(
  known: ObservedObject | null,
  seen: ObservedObject,
  epochs: EpochOrder,
): Verdict {
  if (known === null) return seen.gone || isOld(seen.epoch, epochs) ? 'stale' : 'appeared';
  if (!isNewer(known, seen, epochs)) return 'stale';
  if (seen.gone) {
    // The end of an earlier object of the same name says nothing about the present one.
    if (known.gone || known.uid !== seen.uid) return 'same';
    return 'vanished';
  }
  if (known.gone) return 'appeared';
  return isSameValue(known.body, seen.body) ? 'same' : 'changed';
}

/** What to remember after the verdict. A late deletion of a former object leaves the present one alone. */
export function remembered(
  known: ObservedObject | null,
  seen: ObservedObject,
  verdict: Verdict,
): ObservedObject | null {
  if (verdict === 'stale') return known === null && seen.gone ? seen : known;
  if (seen.gone && known !== null && known.uid !== seen.uid) return known;
  return seen.gone && known !== null ? { ...seen, body: known.body } : seen;
}

function isOld(epoch: string, epochs: EpochOrder): boolean {
  const ordinal = epochs.get(epoch);
  return ordinal !== undefined && ordinal < Math.max(...epochs.values());
}

function isNewer(known: ObservedObject, seen: ObservedObject, epochs: EpochOrder): boolean {
  const last = epochs.size + 1;
  const knownAt = epochs.get(known.epoch) ?? 0;
  const seenAt = epochs.get(seen.epoch) ?? Math.max(last, ...epochs.values());
  if (seenAt !== knownAt) return seenAt > knownAt;
  return compareResourceVersions(seen.resourceVersion, known.resourceVersion) > 0;
}

const DIGITS = /^[0-9]+$/;
/** Numbers by value; anything else differs without an order, and the later delivery is then believed. */
function compareResourceVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (!DIGITS.test(a) || !DIGITS.test(b)) return 1;
  const [left, right] = [BigInt(a), BigInt(b)];
  return left > right ? 1 : left < right ? -1 : 0;
}
