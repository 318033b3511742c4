/**
 * Desired tables × what is in the kernel → what to do, per network namespace. Pure. Nothing is ever flushed: a table that
 * is not understood is replaced in one transaction, and one that is not desired any more is removed only while its
 * namespace is still ours to look after.
 */
import { hasTable, nextGeneration, renderChange, replacement } from '@ringfence/firewall';
import type { Change } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';

export type ObservedTable =
  /** Never looked at. */
  | { readonly state: 'unseen' }
  /** There is no table of ours. */
  | { readonly state: 'absent' }
  /** This very model is in the kernel. */
  | { readonly state: 'known'; readonly model: FirewallModel }
  /** Some table of ours is there; `generation` as it says itself. */
  | { readonly state: 'unknown'; readonly generation: number | undefined };

export type Action =
  | { readonly kind: 'look'; readonly place: string }
  | { readonly kind: 'apply'; readonly place: string; readonly change: Change }
  /** The place is gone: nothing may stay open that keeps its namespace alive. */
  | { readonly kind: 'release'; readonly place: string };

export function plan(
  desired: ReadonlyMap<string, FirewallModel>,
  observed: ReadonlyMap<string, ObservedTable>,
): Action[] {
  const gone = [...observed.keys()].filter((place) => !desired.has(place));
  return [
    ...gone.map((place): Action => ({ kind: 'release', place })),
    ...[...desired].flatMap(([place, model]) =>
      planPlace(place, model, observed.get(place) ?? { state: 'unseen' }),
    ),
  ];
}

export function planPlace(place: string, desired: FirewallModel, observed: ObservedTable): Action[] {
  if (observed.state === 'unseen') return [{ kind: 'look', place }];
  const change = changeFor(desired, observed);
  return change === 'nothing' ? [] : [{ kind: 'apply', place, change }];
}

function changeFor(
  desired: FirewallModel,
  observed: Exclude<ObservedTable, { state: 'unseen' }>,
): Change | 'nothing' {
  switch (observed.state) {
    case 'absent':
      return renderChange(undefined, desired);
    case 'known':
      return renderChange(observed.model, desired);
    case 'unknown': {
      // Whatever it approved is not trusted: another generation than its own.
      const generation =
        observed.generation === undefined ? desired.generation : nextGeneration(observed.generation);
      const change = replacement(undefined, { ...desired, generation });
      return { ...change, bump: hasTable(desired) };
    }
  }
}
