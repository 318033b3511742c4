/**
 * What would be otherwise with other objects in force, or in another mode: which connections seen would have another verdict, and
 * which pairs of workloads could talk, or could not any more, in full enforcement. Judged by the engine on both policies.
 */
import type { PolicyObjects } from '@ringfence/contracts';
import type { EntityFact } from '../facts.js';
import type { ModeOf } from '../judged-by-labels.js';
import type { PolicyPreview } from '../policy-preview.js';
import type { SeenEdge } from '../suggestion/seen-edge.js';
import { changedPairs } from './changed-pairs.js';
import type { ChangedPairs } from './changed-pairs.js';
import { Flips } from './flips.js';
import type { FlippedVerdict } from './flips.js';

export interface WhatIfWorld {
  readonly entities: ReadonlyMap<string, EntityFact>;
  readonly preview: Pick<PolicyPreview, 'with'>;
  readonly before: PolicyObjects;
  readonly after: PolicyObjects;
  /** Afterwards; before, every end is as it is. */
  readonly modeOf: ModeOf;
}
export interface Flip extends FlippedVerdict {
  readonly edge: SeenEdge;
  readonly index: number;
}
export interface WhatIf {
  readonly flips: readonly Flip[];
  readonly pairs: ChangedPairs;
}

export function whatIf(edges: readonly SeenEdge[], world: WhatIfWorld): WhatIf {
  const before = new Map(
    [...world.preview.with(world.before)].map(([id, standing]) => [id, standing.copy()]),
  );
  const after = world.preview.with(world.after);
  const flipped = new Flips(before, after, world.modeOf);
  const flips: Flip[] = [];
  edges.forEach((edge, index) => {
    const flip = edge.essential ? null : flipped.of(edge);
    if (flip !== null) flips.push({ ...flip, edge, index });
  });
  return { flips, pairs: changedPairs(before, after, world.entities) };
}
