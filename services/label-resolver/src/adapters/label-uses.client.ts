/** Who uses labels: policy objects and workloads, asked by request/reply; profiles, our own. An owner that does not answer is no "nobody". */
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { LabelUse } from '../domain/label.decider.js';
import { profiles } from '../read/resolver-documents.js';

/** By label id. */
export type LabelUsesOf = (labels: readonly string[]) => Promise<Map<string, LabelUse[]>>;

/** A label that a profile fixes cannot go; one that a restriction merely allows can. */
const FIXED_TOKEN = 'label_referenced_by_container_workload_profile';

export function labelUses(store: EventStore, bus: Bus): LabelUsesOf {
  return async (labels) => {
    const request = { labels: [...labels] };
    const [policy, workloads, own] = await Promise.all([
      bus.call(CALLS.labelUsage, request),
      bus.call(CALLS.workloadLabelUsage, request),
      usedByProfiles(store, new Set(labels)),
    ]);
    const uses = new Map<string, LabelUse[]>();
    for (const { label, by, token } of [...policy.used, ...workloads.used, ...own])
      uses.set(label, [...(uses.get(label) ?? []), { by, token }]);
    return uses;
  };
}

async function usedByProfiles(
  store: EventStore,
  asked: ReadonlySet<string>,
): Promise<{ label: string; by: string; token: string }[]> {
  return (await profiles.live(store.pool)).flatMap(({ body }) =>
    Object.values(body.assignments).flatMap((assignment) =>
      assignment.how === 'fixed' && asked.has(assignment.label)
        ? [{ label: assignment.label, by: `container workload profile ${body.name}`, token: FIXED_TOKEN }]
        : [],
    ),
  );
}
