import type { Actor } from '@ringfence/contracts';

/** Who acts when no person, cluster or agent asked for it. */
export const SYSTEM: Actor = { kind: 'system', id: 'inventory' };
