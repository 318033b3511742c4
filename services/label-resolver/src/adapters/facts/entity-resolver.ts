/**
 * Drives the calculator: facts come in from the consumer, own labels and profiles from the store's events, and what
 * changed is appended, after the labels that maps asked for. Runs inside the queue of one. If anything fails on the way, memory is thrown away and read anew
 * from the tables, so that nothing is said twice and nothing is left out.
 */
import type { KubernetesWorkloadState, WorkloadState } from '@ringfence/contracts';
import type { AppendBatch, EventStore, StoredEvent } from '@ringfence/event-store';
import { EntityLabelsCalculator } from '../../domain/entity-labels.calculator.js';
import type { EntityChange } from '../../domain/entity-labels.calculator.js';
import type { Profile } from '../../domain/profile.decider.js';
import { readCatalogue } from '../../read/catalogue.js';
import { kubernetesWorkloads, workloads } from '../../read/facts.js';
import { entities, profiles } from '../../read/resolver-documents.js';
import { streamOf } from '../stream-names.js';
import type { MappedLabels } from './mapped-labels.js';
import { SYSTEM } from '../system-actor.js';

export type Fact =
  | { readonly type: 'kubernetes-workload'; readonly state: KubernetesWorkloadState }
  | { readonly type: 'workload'; readonly state: WorkloadState }
  | { readonly type: 'gone'; readonly id: string };

const PAGE = 1_000;

export class EntityResolver {
  private calculator: EntityLabelsCalculator | null = null;
  private position = 0;

  constructor(
    private readonly store: EventStore,
    private readonly mapped: MappedLabels,
  ) {}

  /** Facts that are committed already. */
  take(facts: readonly Fact[]): void {
    const { calculator } = this;
    // Not loaded: loading will read them from the tables.
    if (calculator === null) return;
    for (const fact of facts) {
      if (fact.type === 'kubernetes-workload') calculator.setKubernetesWorkload(fact.state);
      else if (fact.type === 'workload') calculator.setWorkload(fact.state);
      else {
        calculator.removeKubernetesWorkload(fact.id);
        calculator.removeWorkload(fact.id);
      }
    }
  }

  /** Applies own events up to the present and says what changed. */
  async settle(): Promise<void> {
    try {
      const calculator = this.calculator ?? (await this.load());
      await this.followOwnEvents(calculator);
      if (await this.mapped.make(calculator.missing())) await this.followOwnEvents(calculator);
      const changes = calculator.flush();
      if (changes.length > 0)
        await this.store.appendMany(changes.map(batchOf), { actor: SYSTEM, cluster: 'global' });
    } catch (error) {
      this.calculator = null;
      throw error;
    }
  }

  private async load(): Promise<EntityLabelsCalculator> {
    const { entities: db } = this.store;
    const calculator = new EntityLabelsCalculator();
    this.position = await this.store.lastPosition();
    calculator.restore((await entities.live(db)).map((each) => each.body));
    calculator.setCatalogue(await readCatalogue(db));
    for (const profile of await profiles.live(db)) calculator.setProfile(profile.body);
    for (const workload of await kubernetesWorkloads(db)) calculator.setKubernetesWorkload(workload);
    for (const workload of await workloads(db)) calculator.setWorkload(workload);
    this.calculator = calculator;
    return calculator;
  }

  private async followOwnEvents(calculator: EntityLabelsCalculator): Promise<void> {
    let isCatalogueOld = false;
    for (;;) {
      const events = await this.store.follow(this.position, PAGE);
      for (const event of events) isCatalogueOld = apply(calculator, event) || isCatalogueOld;
      this.position = events.at(-1)?.position ?? this.position;
      if (events.length < PAGE) break;
    }
    if (isCatalogueOld) calculator.setCatalogue(await readCatalogue(this.store.entities));
  }
}

/** True: the catalogue changed. */
function apply(calculator: EntityLabelsCalculator, event: StoredEvent): boolean {
  if (event.type.startsWith('Label')) return true;
  if (event.type === 'ProfileDeleted') calculator.removeProfile((event.data as { id: string }).id);
  else if (event.type.startsWith('Profile')) calculator.setProfile(event.data as Profile);
  return false;
}

function batchOf(change: EntityChange): AppendBatch {
  const { type, cluster, data } = change;
  return {
    stream: streamOf.entity(data.id),
    expectedVersion: 'any',
    events: [{ type, data }],
    meta: { actor: SYSTEM, cluster },
  };
}
