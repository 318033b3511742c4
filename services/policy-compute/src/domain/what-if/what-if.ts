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
import type { FlippedVerdict, Standings } from './flips.js';

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
  const { before, after } = policiesOf(world);
  const flipped = new Flips(before, after, world.modeOf);
  const flips: Flip[] = [];
  edges.forEach((edge, index) => {
    const flip = edge.essential ? null : flipped.of(edge);
    if (flip !== null) flips.push({ ...flip, edge, index });
  });
  return { flips, pairs: changedPairs(before, after, world.entities) };
}

/** To judge with later, when the preview may stand for something else. */
export function keptFlips(world: Omit<WhatIfWorld, 'entities'>): Flips {
  const { before, after } = policiesOf(world);
  return new Flips(before, kept(after), world.modeOf);
}

function policiesOf({ preview, before, after }: Pick<WhatIfWorld, 'preview' | 'before' | 'after'>) {
  const old = kept(preview.with(before));
  return { before: old, after: preview.with(after) };
}

const kept = (standings: Standings): Standings =>
  new Map([...standings].map(([id, standing]) => [id, standing.copy()]));
