/**
 * Settings for every cluster's store, on the policy lane: the label catalogue, each profile, each node. Follows the own
 * events in commit order and publishes the *current* value of what they touched, one after the other, then moves its
 * place; a crash publishes the same values again. Everything is said once more at each start, and whenever the server has
 * lost what it kept.
 */
import type { Bus } from '@ringfence/bus';
import { GLOBAL, LabelCatalogue, NodeSettings, ProfileSettings, subjects } from '@ringfence/contracts';
import type { EntityLabelsState } from '@ringfence/contracts';
import { WHOLE_NUMBER } from '@ringfence/event-store';
import type { EventStore, StoredEvent } from '@ringfence/event-store';
import { pause, retrying } from '@ringfence/retrying';
import { EntitySchema, JsonContains } from 'typeorm';
import { readCatalogue } from '../../read/catalogue.js';
import { entities, profiles } from '../../read/resolver-documents.js';
import { templateId } from '../derived-ids.js';

export interface SettingsPublisher {
  /** Events that are not published yet, as of the last look. */
  lag(): number;
  close(): Promise<void>;
}

const PAGE = 500;
/** Commits of this process wake the publisher at once; this is how often it looks by itself. */
const LOOK_EVERY_MS = 500;
const CATALOGUE = 'catalogue';

const THE_ONE = { id: 1 };
export const SettingsPublishedEntity = new EntitySchema<{ readonly id: number; readonly position: number }>({
  name: 'SettingsPublished',
  tableName: 'settings_published',
  columns: { id: { type: 'int', primary: true }, position: WHOLE_NUMBER },
});

/** What an event touched. */
interface Touched {
  isCatalogue: boolean;
  readonly profiles: Map<string, string>;
  readonly entities: Map<string, string>;
  /** Clusters that came or went. */
  readonly clusters: Set<string>;
  /** Clusters that any of the events concern. */
  readonly concerned: Set<string>;
}

export function startSettingsPublisher(
  store: EventStore,
  bus: Bus,
  onError: (error: unknown) => void,
): SettingsPublisher {
  const publisher = new Publisher(store, bus, onError);
  const stopListening = store.onCommitted(() => publisher.wake());
  const watching = bus.onMadeAnew('POLICY', () => publisher.streamMadeAnew());
  const running = publisher.run();
  return {
    lag: () => publisher.lag,
    close: async () => {
      stopListening();
      watching.close();
      publisher.stop();
      await running;
    },
  };
}

class Publisher {
  lag = 0;
  private readonly ended = new AbortController();
  private woken = new AbortController();
  private isForgotten = false;

  constructor(
    private readonly store: EventStore,
    private readonly bus: Bus,
    private readonly onError: (error: unknown) => void,
  ) {}

  wake(): void {
    this.woken.abort();
  }

  streamMadeAnew(): void {
    this.isForgotten = true;
    this.wake();
  }

  stop(): void {
    this.ended.abort();
    this.wake();
  }

  async run(): Promise<void> {
    const untilDone = { signal: this.ended.signal, onError: this.onError };
    await retrying(() => this.sayAll('live'), untilDone);
    while (!this.ended.signal.aborted) await retrying(() => this.round(), untilDone);
  }

  private async round(): Promise<void> {
    this.woken = new AbortController();
    await this.remind();
    const count = await this.next();
    if (count < PAGE) await pause(LOOK_EVERY_MS, this.woken.signal);
  }

  private async next(): Promise<number> {
    const place = this.store.entities.getRepository(SettingsPublishedEntity);
    const { position: from } = await place.findOneByOrFail(THE_ONE);
    const events = await this.store.follow(from, PAGE);
    const last = events.at(-1);
    this.lag = events.length;
    if (last === undefined) return 0;
    await this.say(touchedBy(events), last);
    await place.update(THE_ONE, { position: last.position });
    this.lag = 0;
    return events.length;
  }

  /** Also of what is gone: who was away when it went would find no word of it any more. */
  private async remind(): Promise<void> {
    if (!this.isForgotten) return;
    this.isForgotten = false;
    try {
      await this.sayAll('all');
    } catch (error) {
      this.isForgotten = true;
      throw error;
    }
  }

  private async sayAll(which: 'live' | 'all'): Promise<void> {
    const { entities: manager } = this.store;
    const position = await this.store.lastPosition();
    const all = { ...touchedBy([]), isCatalogue: true, concerned: new Set([GLOBAL]) };
    for (const { id, cluster } of await profiles[which](manager)) all.profiles.set(id, cluster);
    for (const { id, cluster, body } of await entities[which](manager))
      if (body.class === 'node') all.entities.set(id, cluster);
    await this.say(all, { position, trace: {} });
  }

  private async say(touched: Touched, at: Pick<StoredEvent, 'position' | 'trace'>): Promise<void> {
    const live = new Set(
      (await profiles.live(this.store.entities))
        .filter((each) => each.body.isTemplate)
        .map((each) => each.cluster),
    );
    const listeners = touched.isCatalogue ? new Set([...live, ...touched.clusters]) : touched.clusters;
    // Labels first: profiles and nodes refer to them.
    if (listeners.size > 0) {
      const catalogue = LabelCatalogue.parse({
        version: at.position,
        ...(await readCatalogue(this.store.entities)),
      });
      for (const cluster of listeners)
        await this.put(
          subjects.policy(cluster, 'labels', CATALOGUE),
          live.has(cluster) ? catalogue : null,
          at,
        );
    }
    for (const [id, cluster] of touched.profiles) await this.sayProfile(cluster, id, at);
    for (const [id, cluster] of touched.entities) await this.sayNode(cluster, id, at);
    await this.saySettled(touched.concerned, live, at);
  }

  /** Last: who has read it has read all settings before it. */
  private async saySettled(
    touched: ReadonlySet<string>,
    live: ReadonlySet<string>,
    at: Pick<StoredEvent, 'position' | 'trace'>,
  ): Promise<void> {
    const concerned = new Set(touched.has(GLOBAL) ? [...live, ...touched] : touched);
    concerned.delete(GLOBAL);
    for (const cluster of concerned)
      await this.put(subjects.settled(cluster), live.has(cluster) ? { position: at.position } : null, at);
  }

  private async sayProfile(
    cluster: string,
    id: string,
    at: Pick<StoredEvent, 'position' | 'trace'>,
  ): Promise<void> {
    const found = await profiles.get(this.store.entities, id);
    // The template and profiles that wait for a namespace concern no Pod.
    if (found === null || found.body.namespace === null) return;
    await this.put(
      subjects.policy(cluster, 'profile', id),
      found.deletedAt === null ? ProfileSettings.parse(found.body) : null,
      at,
    );
  }

  private async sayNode(
    cluster: string,
    id: string,
    at: Pick<StoredEvent, 'position' | 'trace'>,
  ): Promise<void> {
    const found = await entities.get(this.store.entities, id);
    if (found === null || found.body.class !== 'node' || found.body.node === null) return;
    const { node, labels, mode, adminPorts, visibilityLevel } = found.body;
    // A node that was paired anew has another workload: the end of the former one is not the end of the node.
    const isReplaced = found.deletedAt !== null && (await this.hasLiveNode(cluster, node));
    if (isReplaced) return;
    const settings =
      found.deletedAt === null
        ? NodeSettings.parse({ node, workload: id, labels, mode, adminPorts, visibilityLevel })
        : null;
    await this.put(subjects.policy(cluster, 'node', node), settings, at);
  }

  private async hasLiveNode(cluster: string, node: string): Promise<boolean> {
    const body = JsonContains({ class: 'node', node });
    return entities.exists(this.store.entities, { cluster, body });
  }

  private async put(
    subject: string,
    value: unknown,
    { position, trace }: Pick<StoredEvent, 'position' | 'trace'>,
  ): Promise<void> {
    const options = { id: `${subject}@${position}`, headers: trace };
    await (value === null ? this.bus.remove(subject, options) : this.bus.publish(subject, value, options));
  }
}

function touchedBy(events: readonly StoredEvent[]): Touched {
  const touched: Touched = {
    isCatalogue: false,
    profiles: new Map(),
    entities: new Map(),
    clusters: new Set(),
    concerned: new Set(),
  };
  for (const event of events) {
    const { id } = event.data as { id: string };
    touched.concerned.add(event.cluster);
    if (event.type.startsWith('Label')) touched.isCatalogue = true;
    if (event.type.startsWith('Profile')) touched.profiles.set(id, event.cluster);
    // A cluster's template comes and goes with it.
    if (id === templateId(event.cluster)) touched.clusters.add(event.cluster);
    if (
      event.type === 'EntityUnlabelled' ||
      (event.type === 'EntityLabelled' && (event.data as EntityLabelsState).class === 'node')
    ) {
      touched.entities.set(id, event.cluster);
    }
  }
  return touched;
}
