/** Tables that are not folded from own events: how far settings are published. Forward only. */
import type { Migration } from '@ringfence/event-store';

export const MIGRATIONS: readonly Migration[] = [
  {
    id: '0001-label-resolver',
    sql: `
      create table clusters (id text primary key, deleted boolean not null);
      create table namespaces (cluster text not null, name text not null, primary key (cluster, name));
      create table kubernetes_workloads (id text primary key, cluster text not null, body jsonb not null);
      create index on kubernetes_workloads (cluster);
      create table workloads (id text primary key, body jsonb not null);
      create table settings_published (id int primary key, position bigint not null);
      insert into settings_published values (1, 0);
    `,
  },
  // What inventory said is in the store's own table of what is mirrored.
  {
    id: '0002-facts-mirrored',
    sql: 'drop table clusters, namespaces, kubernetes_workloads, workloads;',
  },
];
