/** The tables of flows, what others call them, and queries. `verdict` codes: 0 unknown, 1 allowed, 2 potentially blocked, 3 blocked. */
import type { Migration, MigrationClass, Sql } from '@ringfence/event-store';

const side = (name: string): string => `
  ${name}_verdict smallint, ${name}_rule text, ${name}_class text, ${name}_state text, ${name}_at timestamptz,
  ${name}_connections bigint not null default 0, ${name}_bytes_out bigint not null default 0,
  ${name}_bytes_in bigint not null default 0,`;

const FLOWS = `
  create table flow_batches (id text primary key, received_at timestamptz not null default now());
  create index flow_batches_received on flow_batches (received_at);

  create table ends (
    id integer generated always as identity primary key,
    identity text not null unique,
    cluster text not null,
    workload text, kind text, name text, namespace text,
    address inet,
    labels text[] not null,
    mode text,
    managed boolean not null,
    service text,
    last_day date not null
  );
  create index ends_workload on ends (workload) where workload is not null;
  create index ends_address on ends using gist (address inet_ops) where address is not null;
  create index ends_labels on ends using gin (labels);

  create table flows (
    day date not null,
    src integer not null,
    dst integer not null,
    proto smallint not null,
    port integer not null,
    policy_version integer not null,
    src_ip inet not null,
    dst_ip inet not null,
    vip inet, vip_port integer, vip_service text,
    first_at timestamptz not null,
    last_at timestamptz not null,${side('out')}${side('in')}
    verdict smallint generated always as (greatest(out_verdict, in_verdict)) stored,
    primary key (day, src, dst, proto, port, policy_version)
  ) partition by range (day);
  create index flows_src on flows (src, last_at);
  create index flows_dst on flows (dst, last_at);
  create index flows_last on flows (last_at);
  -- What people look for first, and what is rare.
  create index flows_stopped on flows (last_at) where verdict >= 2;
`;

const NAMES_AND_QUERIES = `
  create table labels (id text primary key, key text not null, value text not null);
  create table clusters (id text primary key, name text not null);
  create table policy_objects (
    type text not null, id text not null, draft jsonb, active jsonb,
    -- Of the last word that was taken in: an older one that is said again changes nothing.
    position bigint not null default 0, primary key (type, id)
  );

  create table flow_queries (
    id uuid primary key,
    status text not null,
    parameters jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    flows_count integer,
    matches_count integer,
    message text
  );
  create table flow_query_chunks (
    query uuid not null references flow_queries on delete cascade,
    number integer not null,
    flows text not null,
    primary key (query, number)
  );
`;

class FlowIngest1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(FLOWS);
    await db.query(NAMES_AND_QUERIES);
  }
  async down(db: Sql): Promise<void> {
    await db.query(
      'drop table flow_query_chunks, flow_queries, policy_objects, clusters, labels, flows, ends, flow_batches',
    );
  }
}

/** Which flows are not kept. */
class TrafficCollector1796083201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(
      'create table traffic_collector (id uuid primary key, body jsonb not null, created_at timestamptz not null)',
    );
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table traffic_collector');
  }
}

/** What people uploaded, apart from what agents report. */
class UploadedFlows1796169601000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table uploaded_flows (
        day date not null,
        src_ip inet not null,
        dst_ip inet not null,
        proto smallint not null,
        port integer not null,
        uploaded_by text not null,
        times integer not null,
        first_at timestamptz not null,
        last_at timestamptz not null,
        primary key (day, src_ip, dst_ip, proto, port, uploaded_by)
      );
      create index uploaded_flows_last on uploaded_flows (last_at)`);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table uploaded_flows');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [
  ...[FlowIngest1795219201000, TrafficCollector1796083201000, UploadedFlows1796169601000],
];
