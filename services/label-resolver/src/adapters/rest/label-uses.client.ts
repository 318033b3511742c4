/**
 * Who uses labels: policy objects, asked by request/reply; workloads and pairing profiles, as inventory said last; profiles, our own.
 * An owner that does not answer is no "nobody".
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { LabelUse } from '../../domain/label.decider.js';
import { pairingProfiles, workloads } from '../../read/facts.js';
import { entities, profiles } from '../../read/resolver-documents.js';

/** By label id. */
export type LabelUsesOf = (labels: readonly string[]) => Promise<Map<string, LabelUse[]>>;

/** A label that a profile fixes cannot go; one that a restriction merely allows can. */
const FIXED_TOKEN = 'label_referenced_by_container_workload_profile';
const CARRIED_TOKEN = 'label_still_has_associated_agent_info';

interface NamedUse extends LabelUse {
  readonly label: string;
}

export function labelUses(store: EventStore, bus: Bus): LabelUsesOf {
  return async (labels) => {
    const asked = new Set(labels);
    const [policy, carried, own] = await Promise.all([
      bus.call(CALLS.labelUsage, { labels: [...labels] }),
      carriedByHosts(store, asked),
      usedByProfiles(store, asked),
    ]);
    const uses = new Map<string, LabelUse[]>();
    const all: NamedUse[] = [...policy.used, ...carried, ...own];
    for (const { label, ...use } of all) uses.set(label, [...(uses.get(label) ?? []), use]);
    return uses;
  };
}

async function carriedByHosts({ entities }: EventStore, asked: ReadonlySet<string>): Promise<NamedUse[]> {
  const carriers = [
    ...(await workloads(entities)).map((each) => ({
      ...{ labels: each.labels, by: `workload ${each.name || each.hostname}`, as: 'workload' },
    })),
    ...(await pairingProfiles(entities)).map((each) => ({
      ...{ labels: each.labels, by: `pairing profile ${each.name}`, as: 'pairing_profile' },
    })),
  ];
  return carriers.flatMap(({ labels, by, as }) =>
    labels
      .filter((label) => asked.has(label))
      .map((label) => ({ label, by, token: CARRIED_TOKEN, as: [as] })),
  );
}

async function usedByProfiles(store: EventStore, asked: ReadonlySet<string>): Promise<NamedUse[]> {
  return (await profiles.live(store.entities)).flatMap(({ body }) =>
    Object.values(body.assignments).flatMap((assignment) =>
      assignment.how === 'fixed' && asked.has(assignment.label)
        ? [
            {
              ...{ label: assignment.label, by: `container workload profile ${body.name}` },
              ...{ token: FIXED_TOKEN, as: ['container_workload_profile'] },
            },
          ]
        : [],
    ),
  );
}

/** Carried by a Kubernetes workload, which holds no label: the label may go, and comes again with what asks for it. */
export async function carriedInClusters({ entities: tables }: EventStore): Promise<ReadonlySet<string>> {
  return new Set(
    (await entities.live(tables)).flatMap(({ body }) =>
      body.class === 'pod' || body.class === 'service' ? body.labels : [],
    ),
  );
}

/** Of which types label groups are; undefined: whose they are does not say. */
export type GroupKeysOf = (keys: readonly string[]) => Promise<ReadonlySet<string> | undefined>;

export const groupKeys =
  (bus: Bus): GroupKeysOf =>
  async (keys) => {
    try {
      const { groupKeys: used } = await bus.call(CALLS.labelUsage, { labels: [], keys: [...keys] });
      return used && new Set(used);
    } catch (error) {
      if (error instanceof CallError && AWAY.has(error.code)) return undefined;
      throw error;
    }
  };
const AWAY: ReadonlySet<CallError['code']> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED']);
