/** A policy-compute on real servers, the events that others would publish, and what a clas-cache would read. For specs. */
import { connectBus, ensureStreams, noMetrics } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CommitRecord, parseSubject } from '@ringfence/contracts';
import type {
  Endpoint,
  Group,
  ResourceRequest,
  ResourceResponse,
  RuleList,
  Unit,
  UnitOfLists,
} from '@ringfence/contracts';
import { unitWithRules } from '@ringfence/policy-engine';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import pino from 'pino';
import { RECORD_KINDS } from '../domain/standing-policy.js';
import type { RecordKey, RecordKind } from '../domain/standing-policy.js';
import { openPolicyCompute } from '../policy-compute.js';
import type { PolicyCompute } from '../policy-compute.js';
import { CLUSTER, factsOn } from './told-facts.js';
import type { ToldFacts } from './told-facts.js';

const USER = { kind: 'user', id: '1' } as const;

export interface PolicyFixture extends ToldFacts {
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly bus: Bus;
  service: PolicyCompute;
  /** Ends the service and starts another on the same store and streams. */
  restart(): Promise<void>;
  /** The same with something that happens in between. */
  whileDown(work: () => Promise<void>): Promise<void>;
  /** A second process of the service; it ends with `close`. */
  another(): Promise<{ readonly service: PolicyCompute; close(): Promise<void> }>;
  /** NATS comes back with nothing, while the service runs. */
  loseStreams(): Promise<void>;
  /** The database ends the session that holds the turn to write. */
  endTurn(): Promise<void>;
  /** Ends the first process; `service` is then this one. */
  replaceBy(other: { readonly service: PolicyCompute; close(): Promise<void> }): Promise<void>;
  request(collection: string, op: string, rest?: Partial<ResourceRequest>): Promise<ResourceResponse>;
  close(): Promise<void>;
}

export async function startPolicyFixture(): Promise<PolicyFixture> {
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  const bus = await connectBus({ servers: nats.url, name: 'spec', server: 'control' });
  await ensureStreams(bus, 'control');
  interface Running {
    readonly service: PolicyCompute;
    close(): Promise<void>;
  }
  const open = async (): Promise<Running> => {
    const ownBus = await connectBus({ servers: nats.url, name: 'policy-compute', server: 'control' });
    const config = {
      NATS_URL: nats.url,
      NATS_CREDS: '',
      RINGFENCE_CA: '',
      DATABASE_URL: postgres.url,
      RINGFENCE_GRPC_PORT: 0,
      RINGFENCE_GRPC_HOST: '127.0.0.1',
      RINGFENCE_GRPC_TOKEN: '',
    };
    const logger = pino({ level: 'silent' });
    const service = await openPolicyCompute({ config, bus: ownBus, logger, metrics: noMetrics });
    await eventually(
      () => service.inSync(),
      (state) => state === true,
    );
    const close = async (): Promise<void> => {
      await service.close();
      await ownBus.close();
    };
    return { service, close };
  };
  let running = await open().catch(async (error: unknown) => {
    // Nobody else could: the fixture that would close them was never handed out.
    await bus.close();
    await Promise.all([nats.close(), postgres.close()]);
    throw error;
  });
  const facts = factsOn(bus);
  const fixture: PolicyFixture = {
    nats,
    postgres,
    bus,
    service: running.service,
    another: open,
    loseStreams: async () => {
      await nats.loseDisk();
      await eventually(() => bus.isConnected());
      await ensureStreams(bus, 'control');
    },
    endTurn: async () => {
      await fixture.service.store.pool.query(
        `select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
         where locktype = 'advisory' and datname = current_database()`,
      );
    },
    replaceBy: async (other) => {
      await running.close();
      running = other;
      fixture.service = other.service;
    },
    restart: () => fixture.whileDown(async () => undefined),
    whileDown: async (work) => {
      await running.close();
      await work();
      running = await open();
      fixture.service = running.service;
    },
    ...facts,
    request: (collection, op, rest = {}) =>
      fixture.service.resource({
        org: 1,
        actor: USER,
        collection,
        op,
        pversion: 'draft',
        ids: [],
        query: {},
        body: undefined,
        ...rest,
      }),
    close: async () => {
      await running.close();
      await bus.close();
      await Promise.all([nats.close(), postgres.close()]);
    },
  };
  return fixture;
}

const isRecordKind = (kind: string): kind is RecordKind => (RECORD_KINDS as readonly string[]).includes(kind);

/** The records of one cluster as the stream has them, and how often something was written. */
export interface PolicyReader {
  readonly units: Map<string, UnitOfLists>;
  readonly lists: Map<string, RuleList>;
  readonly groups: Map<string, Group>;
  readonly endpoints: Map<string, Endpoint>;
  /** With its rules at hand. */
  unit(labelSet: string): Unit | undefined;
  commit(): CommitRecord | null;
  /** Messages since the reader began, the first values included. */
  written(): number;
  keys(): RecordKey[];
  close(): Promise<void>;
}

export async function readPolicy(bus: Bus, cluster = CLUSTER): Promise<PolicyReader> {
  const maps = {
    unit: new Map<string, UnitOfLists>(),
    list: new Map<string, RuleList>(),
    group: new Map<string, Group>(),
    endpoint: new Map<string, Endpoint>(),
  };
  let commit: CommitRecord | null = null;
  let written = 0;
  const reader = await bus.latest('POLICY', `policy.${cluster}.*.*`, ({ subject, payload }) => {
    written += 1;
    const { kind, token: id } = parseSubject(subject);
    if (kind === 'commit') commit = payload === null ? null : CommitRecord.parse(payload);
    else if (isRecordKind(kind)) {
      const record = (payload as Record<string, unknown> | null)?.[kind];
      if (record === undefined) maps[kind].delete(id);
      else (maps[kind] as Map<string, unknown>).set(id, record);
    }
  });
  await reader.caughtUp;
  return {
    units: maps.unit,
    lists: maps.list,
    unit: (id) => {
      const unit = maps.unit.get(id);
      return unit && unitWithRules(unit, maps.list);
    },
    groups: maps.group,
    endpoints: maps.endpoint,
    commit: () => commit,
    written: () => written,
    keys: () => RECORD_KINDS.flatMap((kind) => [...maps[kind].keys()].map((id) => ({ kind, id }))),
    close: () => reader.close(),
  };
}
