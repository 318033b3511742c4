/** Tables of the gateway that no event builds: hashes of secrets, jobs and their results, the audit trail. */
import type { Migration, MigrationClass, Sql } from '@ringfence/event-store';

class Gateway1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table api_key_secrets (username text primary key, hash bytea not null);
      create table jobs (
        id uuid primary key,
        status text not null,
        requested_by text not null,
        requested_at timestamptz not null,
        terminated_at timestamptz,
        datafile uuid unique,
        result text,
        message text
      );
      create index jobs_requested on jobs (requested_at);
      create table audit_events (
        id uuid primary key,
        event_type text not null,
        at timestamptz not null,
        severity text not null,
        status text not null,
        created_by jsonb not null,
        action jsonb,
        resource_changes jsonb not null
      );
      create index audit_events_at on audit_events (at desc);
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table api_key_secrets, jobs, audit_events');
  }
}

/** Several processes run jobs. */
class LivingJobs1795392001000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      alter table jobs add column alive_at timestamptz not null default now();
      alter table jobs alter column alive_at drop default
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table jobs drop column alive_at');
  }
}

/** How far the events of each owner are in the audit trail. */
class Audited1795651201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(
      'create table audited (owner text primary key, stream text not null, position bigint not null)',
    );
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table audited');
  }
}

/** And up to which message of the stream: what it dropped before that was read is missed. */
class AuditedSeq1795737601000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      alter table audited add column seq bigint not null default 0;
      alter table audited alter column seq drop default
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table audited drop column seq');
  }
}

/** How far the events go that each caller has written; a crash may empty it. */
class OwnWrites1795910401000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create unlogged table own_writes (
        username text not null,
        owner text not null,
        position bigint not null,
        at timestamptz not null,
        primary key (username, owner)
      )
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table own_writes');
  }
}

/** Passwords' hashes, and who is logged in. */
class People1795996801000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table user_passwords (user_id text primary key, hash text not null);
      create table login_tokens (hash bytea primary key, user_id text not null, at timestamptz not null);
      create table sessions (
        hash bytea primary key,
        id uuid not null,
        user_id text not null,
        used_at timestamptz not null
      )
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table user_passwords, login_tokens, sessions');
  }
}

/** What an audit event says beside what was changed; and settings of the organisation, by their word. */
class Settings1796000401000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      alter table audit_events add column notifications jsonb not null default '[]';
      alter table audit_events alter column notifications drop default;
      create table settings (name text primary key, body jsonb not null)
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table audit_events drop column notifications; drop table settings');
  }
}

/** Where audit events and flows are forwarded to. */
class SyslogDestinations1796004001000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(
      'create table syslog_destinations (id uuid primary key, body jsonb not null, created_at timestamptz not null)',
    );
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table syslog_destinations');
  }
}

/** Who a cluster is that did something: by its name, too. What the trail tells of clusters already says how they are called. */
class ClusterNames1796090401000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table cluster_names (id text primary key, name text not null, position bigint not null);
      insert into cluster_names (id, name, position)
        select distinct on (cluster ->> 'href') split_part(cluster ->> 'href', '/', 5), cluster ->> 'name', 0
        from audit_events, lateral (select resource_changes -> 0 -> 'resource' -> 'container_cluster' as cluster) as told
        where event_type in ('container_cluster.create', 'container_cluster.update')
          and cluster ->> 'href' is not null and cluster ->> 'name' is not null
        order by cluster ->> 'href', at desc
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table cluster_names');
  }
}

/** When a key was used last. */
class UsedKeys1796094001000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('alter table api_key_secrets add column used_at timestamptz');
  }
  async down(db: Sql): Promise<void> {
    await db.query('alter table api_key_secrets drop column used_at');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [
  Gateway1795219201000,
  LivingJobs1795392001000,
  Audited1795651201000,
  AuditedSeq1795737601000,
  OwnWrites1795910401000,
  People1795996801000,
  Settings1796000401000,
  SyslogDestinations1796004001000,
  ClusterNames1796090401000,
  UsedKeys1796094001000,
];
