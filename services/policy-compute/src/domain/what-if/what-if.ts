/**
 * What would be otherwise with other objects in force, or in another mode: which connections seen would have another verdict, and
 * which pairs of workloads could talk, or could not any more, in full enforcement. Judged by the engine on both policies.
 */
import type { PolicyObjects, Verdict } from '@ringfence/contracts';
import type { EntityFact } from '../facts.js';
import { judgedByLabels } from '../judged-by-labels.js';
import type { ModeOf } from '../judged-by-labels.js';
import type { PolicyPreview } from '../policy-preview.js';
import type { StandingPolicy } from '../standing-policy.js';
import type { SeenEdge } from '../suggestion/seen-edge.js';
import { changedPairs } from './changed-pairs.js';
import type { ChangedPairs } from './changed-pairs.js';

export interface WhatIfWorld {
  readonly entities: ReadonlyMap<string, EntityFact>;
  readonly preview: Pick<PolicyPreview, 'with'>;
  readonly before: PolicyObjects;
  readonly after: PolicyObjects;
  /** Afterwards; before, every end is as it is. */
  readonly modeOf: ModeOf;
}
export interface Flip {
  readonly edge: SeenEdge;
  readonly index: number;
  readonly before: Verdict;
  readonly after: Verdict;
  /** Which ends decide otherwise than "allow" afterwards, and by which rule; null: none speaks about it. */
  readonly rule: string | null;
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
  const flips = edges.flatMap((edge, index) => {
    const flip = edge.essential ? null : flipOf(edge, before, after, world.modeOf);
    return flip === null ? [] : [{ ...flip, edge, index }];
  });
  return { flips, pairs: changedPairs(before, after, world.entities) };
}

type Standings = ReadonlyMap<string, StandingPolicy>;

function flipOf(
  { from, to, proto, port }: SeenEdge,
  before: Standings,
  after: Standings,
  modeOf: ModeOf,
): Omit<Flip, 'edge' | 'index'> | null {
  const connection = { from, to, packet: { proto, port } };
  const old = judgedByLabels(connection, (cluster) => before.get(cluster)).explanation;
  const now = judgedByLabels(connection, (cluster) => after.get(cluster), modeOf).explanation;
  if (old.verdict === now.verdict) return null;
  const rule = now.reason.kind === 'denied' ? now.reason.rule.ref : null;
  return { before: old.verdict, after: now.verdict, rule };
}
