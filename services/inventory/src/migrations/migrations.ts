/** Tables that are not folded from own events: secrets, facts as last seen, and what clas-caches said. */
import type { Migration, MigrationClass, Sql } from '@ringfence/event-store';

const SECRETS_AND_SETTINGS = `
  create table cluster_tokens (cluster text primary key, hash text not null);
  create table pairing_keys (
    id text primary key, profile text not null, hash text not null, issued_at timestamptz not null,
    expires_at timestamptz, uses_left int, used int not null default 0, last_used_at timestamptz, revoked boolean not null);
  create index pairing_keys_profile on pairing_keys (profile);
  create table refused_attempts (
    id uuid primary key, at timestamptz not null, cluster text not null, what text not null, reason text not null);
  create index refused_attempts_at on refused_attempts (at);
  create table workload_settings (id int primary key, body jsonb not null);
`;

const OBSERVED = `
  create table observed (
    cluster text not null, kind text not null, key text not null, scope text not null, uid text not null,
    resource_version text not null, epoch text not null, gone boolean not null, body jsonb not null, seen_at timestamptz not null,
    primary key (cluster, kind, key));
  create index on observed (cluster, scope, epoch);
  create table observation_epochs (
    cluster text not null, scope text not null, epoch text not null, ordinal int not null, primary key (cluster, scope, epoch));
  create table clusters_seen (
    cluster text primary key, kubernetes_version text not null, kubelink_version text not null, in_sync boolean not null, last_seen timestamptz not null);
  -- What a heartbeat says of the machine-id is the agent's word; what it was paired with is ours. \`host\`: what the agent says
  -- of its node, what that lets through by itself, and what full mode would cut.
  create table agents (
    cluster text not null, node text not null, machine_id text not null, version text not null, status text not null,
    revision bigint not null, pods int not null, pods_enforced int not null, errors jsonb not null,
    last_heartbeat timestamptz not null, last_goodbye timestamptz, public_key text, paired_machine_id text, host jsonb,
    primary key (cluster, node));
  create unique index on agents (cluster, public_key);
`;

const ENFORCEMENT = `
  create table node_acks (
    cluster text not null, node text not null, revision bigint not null, policy_version bigint not null, acked_at timestamptz not null,
    failed jsonb not null, said_at timestamptz not null, not_in_force int not null default 0, primary key (cluster, node));
  create table workload_acks (
    cluster text not null, node text not null, workload text not null, pods int not null, enforced int not null,
    addresses jsonb not null, primary key (cluster, node, workload));
  create index on workload_acks (workload);
  create table convergence (
    cluster text not null, workload text not null, fully_converged_at timestamptz not null, primary key (cluster, workload));
  create table not_in_force (
    cluster text not null, node text not null, id text not null, workload text, namespace text, name text not null,
    asked text not null, in_force text, token text not null, message text not null, since timestamptz not null,
    primary key (cluster, node, id));
  -- \`policy\`: what the nodes of a cluster were told, and what of it they have acknowledged.
  create table cluster_pulses (
    cluster text primary key, heard_at timestamptz not null, missing jsonb not null, policy_version bigint not null,
    places int not null, not_in_force int not null, policy jsonb);
  create table enforcement_alarms (
    cluster text not null, scope text not null, id text not null, body jsonb not null, primary key (cluster, scope, id));
`;

class Inventory1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    for (const sql of [SECRETS_AND_SETTINGS, OBSERVED, ENFORCEMENT]) await db.query(sql);
  }
  async down(db: Sql): Promise<void> {
    await db.query(`
      drop table cluster_tokens, pairing_keys, refused_attempts, workload_settings;
      drop table observed, observation_epochs, clusters_seen, agents;
      drop table node_acks, workload_acks, convergence, not_in_force, cluster_pulses, enforcement_alarms;
    `);
  }
}

/** A cluster that says far more than its share is cut off. */
class Suspensions1795491001000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table suspensions (
        cluster text primary key, stream text not null, detail text not null, at timestamptz not null, until timestamptz not null)
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table suspensions');
  }
}

/** A heartbeat with the addresses of the one before it is nothing new for the node's workload, which is then not looked at. */
class AgentAddresses1795577401000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('alter table agents add column addresses text[]');
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table agents drop column addresses');
  }
}

/** A machine that lost its key may show another one for a while, when somebody allows it. */
class AgentRecovery1795663801000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('alter table agents add column recovery_until timestamptz');
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table agents drop column recovery_until');
  }
}

/** A host whose agent was silent for long is lost to its peers. Those that are there already are heard from now on. */
class LostHosts1795750201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      alter table agents
        add column heard_at timestamptz not null default now(), add column lost boolean not null default false
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table agents drop column heard_at, drop column lost');
  }
}

/** A pairing profile shows who made its last key. */
class KeyIssuers1795836601000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('alter table pairing_keys add column issued_by jsonb');
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table pairing_keys drop column issued_by');
  }
}

/** A cluster shows which NetworkPolicies cannot be read there. */
class RefusedPolicies1795923001000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('alter table cluster_pulses add column refused_policies jsonb');
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table cluster_pulses drop column refused_policies');
  }
}

/** What was collected of an agent when somebody asked for it, or in words why nothing was. */
class SupportReports1796009401000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table support_reports (
        id uuid primary key, ven text not null, hostname text not null, status text not null, message text,
        requested_by jsonb not null, requested_at timestamptz not null, completed_at timestamptz, size int, content bytea)
    `);
    await db.query('create index support_reports_requested on support_reports (requested_at)');
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table support_reports');
  }
}

/** A cluster shows what its Kubelink lacks. */
class KubelinkLacks1796095801000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query("alter table clusters_seen add column lacks jsonb not null default '[]'");
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table clusters_seen drop column lacks');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [
  Inventory1795219201000,
  Suspensions1795491001000,
  AgentAddresses1795577401000,
  AgentRecovery1795663801000,
  LostHosts1795750201000,
  KeyIssuers1795836601000,
  RefusedPolicies1795923001000,
  SupportReports1796009401000,
  KubelinkLacks1796095801000,
];
