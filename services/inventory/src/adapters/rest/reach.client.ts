/** How far a caller reaches. What label groups in his scope stand for is asked of their owner each time: a copy would be an old one. */
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import { capsFor } from '@ringfence/resources';
import { isWithin, outOfReach } from '../../domain/reach.js';
import type { Asked, Reach } from '../../domain/reach.js';

export type ReachOf = (asked: Asked) => Promise<Reach>;

export function reaches(bus: Bus): ReachOf {
  return async (asked) => {
    const labels = await groupLabels(bus, asked);
    const labelsOfGroup = (group: string): readonly string[] => labels.get(group) ?? [];
    return {
      refuse: (carried) =>
        asked.within === undefined || isWithin(carried, asked.within, labelsOfGroup) ? null : outOfReach(),
      caps: (all, carried) => capsFor(asked, all, (_, within) => isWithin(carried, within, labelsOfGroup)),
    };
  };
}

async function groupLabels(
  bus: Bus,
  { within = [], caps = {} }: Asked,
): Promise<Map<string, readonly string[]>> {
  const grants = [...within, ...Object.values(caps).flatMap((each) => each ?? [])];
  const entries = grants.flatMap(({ scope }) => scope).filter(({ kind }) => kind === 'label_group');
  if (entries.length === 0) return new Map();
  const named = [...new Set(entries.map(({ id }) => id))];
  const { groups } = await bus.call(CALLS.groupLabels, { groups: named });
  return new Map(groups.map(({ id, labels }) => [id, labels]));
}
