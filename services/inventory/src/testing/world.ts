/** For specs: inventory on a real Postgres and NATS, and an edge that says what it is told to say. */
import { randomUUID } from 'node:crypto';
import { CallError, connectBus } from '@ringfence/bus';
import { CALLS, NO_FACTS, subjects } from '@ringfence/contracts';
import type { AgentHeartbeat, ClusterPulse, KubelinkLack, PolicyStamp } from '@ringfence/contracts';
import { oneAtATime, openServiceStore } from '@ringfence/event-store';
import { startCollectionWorld } from '@ringfence/resources/testing';
import type { CollectionWorld } from '@ringfence/resources/testing';
import { pino } from 'pino';
import type { z } from 'zod';
import { Config } from '../config.js';
import { DATABASE } from '../database.js';
import { openInventory } from '../inventory.js';
import type { Inventory } from '../inventory.js';
import { ACKS, AGENTS, ENTITIES, LABELS, OBSERVATIONS, PROFILES } from '../manifest.js';
import { workloads } from '../read/inventory-documents.js';

/** What the owners of policy and labels say is asked for; null: they do not answer. */
export interface AskedOfOwners {
  version: z.output<(typeof CALLS)['askedVersion']['response']> | null;
  settings: z.output<(typeof CALLS)['askedSettings']['response']> | null;
}
export interface World extends CollectionWorld {
  readonly asked: AskedOfOwners;
  inventory(): Inventory;
  /** An event of label-resolver. */
  say(type: string, cluster: string, entity: string, id: string, data: unknown): Promise<void>;
  /** Label-resolver answers for every host. */
  labelHosts(): Promise<void>;
  observe(cluster: string, kind: string, id: string, payload: Record<string, unknown>): Promise<void>;
}

export async function startWorld(environment: Record<string, string> = {}): Promise<World> {
  const asked: AskedOfOwners = { version: { policyVersion: 4, at: null }, settings: { heads: [] } };
  const world = await startCollectionWorld({
    others: (bus) => {
      bus.serve(CALLS.askedVersion, async () => answerOf(asked.version));
      bus.serve(CALLS.askedSettings, async () => answerOf(asked.settings));
    },
    open: (servers) => start(Config.parse({ ...servers, ...environment })),
  });
  const { bus, running } = world;
  let said = 0;
  const say: World['say'] = (type, cluster, entity, id, data) =>
    bus.publish(subjects.event(cluster, entity, id), {
      ...{ id: randomUUID(), type, v: 1, stream: `${entity}-${id}`, version: 1, position: (said += 1) },
      ...{ at: NOW, cluster, actor: { kind: 'system', id: 'label-resolver' }, data },
    });
  return {
    ...world,
    asked,
    inventory: () => running().owner,
    observe: (cluster, kind, id, payload) =>
      bus.publish(
        kind === 'heartbeat' ? subjects.heartbeat(cluster, id) : subjects.observation(cluster, kind, id),
        payload,
      ),
    say,
    labelHosts: async () => {
      for (const { id, cluster, body } of await workloads.live(running().owner.store.entities))
        await say('EntityLabelled', cluster, 'entity', id, { ...UNMANAGED, ...body, cluster });
    },
  };
}

function answerOf<T>(answer: T | null): T {
  if (answer === null) throw CallError.of('UNAVAILABLE', 'away', 'the owner is away');
  return answer;
}

async function start(config: Config): Promise<{ owner: Inventory; close(): Promise<void> }> {
  const bus = await connectBus({ servers: config.NATS_URL, name: 'inventory', server: 'control' });
  const store = await openServiceStore(DATABASE, { config });
  const inventory = await openInventory({
    ...{ config, store, oneAtATime: oneAtATime(), bus, logger: pino({ level: 'fatal' }) },
  });
  const batch = { maxMessages: 500, maxWaitMs: 5 };
  bus.consumeBatches(OBSERVATIONS, batch, inventory.observed);
  bus.consumeBatches(AGENTS, batch, inventory.agentsSaid);
  bus.consumeBatches(ACKS, batch, inventory.acknowledged);
  bus.consumeBatches(ENTITIES, batch, inventory.labelled);
  for (const each of [LABELS, PROFILES]) bus.consume(each, (message) => inventory.labelled([message]));
  return {
    owner: inventory,
    close: async () => {
      await bus.close();
      await inventory.close();
      await store.close();
    },
  };
}

const UNMANAGED = { class: 'unmanaged', kind: 'Host', namespace: null, refused: [] };
const NOW = '2026-01-01T00:00:00.000Z';
const observed = (uid: string, resourceVersion: number, epoch: string) => ({
  uid,
  resourceVersion: `${resourceVersion}`,
  epoch,
  observedAt: NOW,
});

export const stamp = (policyVersion: number, position = 0): PolicyStamp => ({
  policyVersion,
  facts: position === 0 ? NO_FACTS : { label: position, profile: position, entity: position },
  settled: position,
});

/** Builders of observations: defaults, of which a spec says what matters to it. */
export const seen = {
  namespace: (
    name: string,
    at: {
      version?: number;
      epoch?: string;
      uid?: string;
      gone?: boolean;
      labels?: Record<string, string>;
    } = {},
  ) => ({
    ...observed(at.uid ?? `ns-${name}`, at.version ?? 1, at.epoch ?? 'e1'),
    name,
    labels: at.labels ?? {},
    annotations: {},
    gone: at.gone ?? false,
  }),
  node: (
    name: string,
    at: { machineId?: string; version?: number; gone?: boolean; epoch?: string } = {},
  ) => ({
    ...observed(`node-${name}`, at.version ?? 1, at.epoch ?? 'e1'),
    name,
    machineId: at.machineId ?? `machine-${name}`,
    labels: {},
    addresses: ['10.0.0.1'],
    podCidrs: ['10.244.0.0/24'],
    containerRuntime: 'containerd://1.6.20',
    gone: at.gone ?? false,
  }),
  workload: (
    namespace: string,
    name: string,
    at: {
      version?: number;
      epoch?: string;
      gone?: boolean;
      annotations?: Record<string, string>;
      kind?: string;
    } = {},
  ) => ({
    ...observed(`${namespace}-${name}`, at.version ?? 1, at.epoch ?? 'e1'),
    kind: at.kind ?? 'Deployment',
    namespace,
    name,
    labels: {},
    annotations: at.annotations ?? {},
    gone: at.gone ?? false,
  }),
  list: (kind: string, epoch: string, count: number, isPartial = false) => ({
    ...{ kind, epoch, count, observedAt: NOW },
    ...(isPartial && { isPartial }),
  }),
  cluster: (observedAt = new Date().toISOString(), inSync = true, lacks: readonly KubelinkLack[] = []) => ({
    ...observed('kubelink', 1, 'e1'),
    kubernetesVersion: 'v1.30.1',
    kubelinkVersion: '0.1.0',
    inSync,
    lacks,
    observedAt,
  }),
  pulse: (policyVersion: number, parts: Partial<ClusterPulse> = {}): ClusterPulse => ({
    ...{ at: new Date().toISOString(), missing: [], policyVersion, places: 4, notInForceCount: 0 },
    policy: { told: stamp(policyVersion), inForce: stamp(policyVersion), behind: [], behindCount: 0 },
    ...parts,
  }),
  heartbeat: (node: string, at: Partial<AgentHeartbeat> = {}) => ({
    node,
    machineId: `machine-${node}`,
    version: '0.1.0',
    addresses: at.addresses ?? ['10.0.0.1'],
    revision: 1,
    pods: 3,
    podsEnforced: 3,
    judging: true,
    errors: [],
    ...(at.cutByFull && { cutByFull: at.cutByFull }),
    observedAt: at.observedAt ?? new Date().toISOString(),
    status: at.status ?? 'active',
  }),
};
