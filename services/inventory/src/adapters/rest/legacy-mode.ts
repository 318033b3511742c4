/** Enforcement modes and their older names. */
import type { EnforcementMode } from '@ringfence/contracts';

const LEGACY = {
  idle: 'idle',
  visibility_only: 'illuminated',
  selective: 'selective',
  full: 'enforced',
} as const;
export type LegacyMode = (typeof LEGACY)[EnforcementMode];

export const legacyMode = (mode: EnforcementMode): LegacyMode => LEGACY[mode];

/** The newer word wins when a body has both. */
export function modeOf(
  mode: EnforcementMode | undefined,
  legacy: LegacyMode | undefined,
): EnforcementMode | undefined {
  if (mode !== undefined || legacy === undefined) return mode;
  return (Object.keys(LEGACY) as EnforcementMode[]).find((each) => LEGACY[each] === legacy);
}
