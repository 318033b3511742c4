/** Tables of the gateway that no event builds, forward only: hashes of secrets, jobs and their results, the audit trail. */
export const GATEWAY_MIGRATIONS = [
  {
    id: '001-gateway',
    sql: `
create table api_key_secrets (username text primary key, hash bytea not null);
create table jobs (
  id uuid primary key,
  status text not null,
  requested_by text not null,
  requested_at timestamptz not null default now(),
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
create index audit_events_at on audit_events (at desc);`,
  },
] as const;
