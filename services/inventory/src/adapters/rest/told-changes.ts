/** Changes to workloads with what each was before and after, as it is shown: what the audit trail tells of a bulk call. */
import type { LabelOrigin, ObjectChange } from '@ringfence/contracts';
import type { Document } from '@ringfence/event-store';
import { accepted, changeBetween, changesWithin } from '@ringfence/resources';
import type { Outcome } from '@ringfence/resources';
import { In } from 'typeorm';
import type { Workload } from '../../domain/workload.decider.js';
import { workloads } from '../../read/inventory-documents.js';
import { surroundings } from './surroundings.js';
import type { SurroundingParts, Surroundings } from './surroundings.js';
import { fulfil } from './workload-changes.js';
import type { Asking, ChangeParts, Wish } from './workload-changes.js';
import { showWorkload } from './workload-view.js';

export type Show = (found: Document<Workload>, around: Surroundings) => Record<string, unknown>;
interface Telling {
  readonly by?: LabelOrigin['by'];
  readonly show?: Show;
}
interface Told {
  readonly outcomes: Outcome<string>[];
  readonly changes: ObjectChange[];
}

/** What is not there any more is nothing after. Runs inside the queue of one. */
export async function fulfilTelling(
  parts: SurroundingParts & ChangeParts,
  asking: Asking,
  wishes: readonly Outcome<Wish>[],
  { by, show = showWorkload }: Telling = {},
): Promise<Told> {
  const id = In(accepted(wishes).map((wish) => wish.id));
  const look = async (): Promise<Map<string, Document<Workload>>> =>
    new Map((await workloads.live(parts.store.entities, { id })).map((each) => [each.id, each]));
  const before = await look();
  const outcomes = await fulfil(parts, asking, wishes, by);
  const after = await look();
  const around = await surroundings(parts, {});
  const shown = (found: Document<Workload> | undefined): unknown => found && show(found, around);
  const changes = [...new Set(accepted(outcomes))].map((each) =>
    changeBetween(shown(before.get(each)) ?? null, shown(after.get(each)) ?? null),
  );
  return { outcomes, changes: changesWithin(changes) };
}
