/** Tables that are not folded from own events: secrets, facts as last seen, and what other services said. Forward only. */
import type { Migration } from '@ringfence/event-store';

export const MIGRATIONS: readonly Migration[] = [
  {
    id: '0001-inventory',
    sql: `
      create table cluster_tokens (cluster text primary key, hash text not null);
      create table pairing_keys (
        id text primary key, profile text not null, hash text not null, issued_at timestamptz not null,
        expires_at timestamptz, uses_left int, used int not null default 0, last_used_at timestamptz, revoked boolean not null default false);
      create index on pairing_keys (profile);
      create table refused_attempts (at timestamptz not null default now(), cluster text not null, what text not null, reason text not null);
      create index on refused_attempts (at);

      create table observed (
        cluster text not null, kind text not null, key text not null, scope text not null, uid text not null,
        resource_version text not null, epoch text not null, gone boolean not null, body jsonb not null, seen_at timestamptz not null,
        primary key (cluster, kind, key));
      create index on observed (cluster, scope, epoch);
      create table observation_epochs (
        cluster text not null, scope text not null, epoch text not null, ordinal int not null, primary key (cluster, scope, epoch));
      create table clusters_seen (
        cluster text primary key, kubernetes_version text not null, kubelink_version text not null, in_sync boolean not null, last_seen timestamptz not null);
      create table agents (
        cluster text not null, node text not null, machine_id text not null, version text not null, status text not null,
        revision bigint not null, pods int not null, pods_enforced int not null, errors jsonb not null,
        last_heartbeat timestamptz not null, last_goodbye timestamptz, primary key (cluster, node));

      create table known_labels (id text primary key, key text not null, value text not null);
      create table entities (id text primary key, cluster text not null, body jsonb not null);
      create table known_profiles (id text primary key, cluster text not null, namespace text, name text not null);
      create index on known_profiles (cluster, namespace);

      create table node_acks (
        cluster text not null, node text not null, revision bigint not null, policy_version bigint not null, acked_at timestamptz not null,
        failed jsonb not null, primary key (cluster, node));
      create table workload_acks (
        cluster text not null, node text not null, workload text not null, pods int not null, enforced int not null,
        addresses jsonb not null, primary key (cluster, node, workload));
      create index on workload_acks (workload);
      create table convergence (workload text primary key, fully_converged_at timestamptz not null);
      create table workload_settings (id int primary key, body jsonb not null);
    `,
  },
  {
    // What a heartbeat says of the machine-id is the agent's word; what it was paired with is ours.
    id: '0002-node-keys',
    sql: `
      alter table agents add public_key text, add paired_machine_id text;
      create unique index on agents (cluster, public_key);
    `,
  },
  // What an agent says of its node: what that lets through by itself, and what full mode would cut.
  { id: '0003-host-reports', sql: 'alter table agents add column host jsonb;' },
  {
    id: '0004-not-in-force',
    sql: `
      alter table node_acks add column said_at timestamptz, add column not_in_force int not null default 0;
      update node_acks set said_at = acked_at;
      alter table node_acks alter column said_at set not null;
      create table not_in_force (
        cluster text not null, node text not null, id text not null, workload text, namespace text, name text not null,
        asked text not null, in_force text, token text not null, message text not null, since timestamptz not null,
        primary key (cluster, node, id));
      create table cluster_pulses (
        cluster text primary key, heard_at timestamptz not null, missing jsonb not null, policy_version bigint not null,
        places int not null, not_in_force int not null);
      create table enforcement_alarms (
        cluster text not null, scope text not null, id text not null, body jsonb not null, primary key (cluster, scope, id));
      -- A cluster's word on a workload counts for that cluster only.
      drop table convergence;
      create table convergence (
        cluster text not null, workload text not null, fully_converged_at timestamptz not null, primary key (cluster, workload));
    `,
  },
  // What the nodes of a cluster were told, and what of it they have acknowledged.
  { id: '0005-policy-progress', sql: 'alter table cluster_pulses add column policy jsonb;' },
  // What label-resolver said is in the store's own table of what is mirrored.
  { id: '0006-mirrored', sql: 'drop table known_labels, known_profiles, entities;' },
];
