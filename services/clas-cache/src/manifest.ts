/**
 * What clas-cache consumes, emits and serves. It is the only bridge between its cluster's NATS and the control plane's:
 * on the control side its permissions are those of the cluster's account, not of this manifest.
 */
import type { ServiceManifest } from '@ringfence/contracts';

/** Everything that Kubelink saw: the newest of each object, then every change. */
export const OBSERVED = {
  stream: 'OBSERVATIONS',
  filter: 'obs.*.*.*',
  durable: 'clas-cache-observed',
  mode: 'latest',
  server: 'cluster',
} as const;
/** The same once more, to be passed on: its place on the server survives the control plane's absence. */
export const FORWARDED = {
  stream: 'OBSERVATIONS',
  filter: 'obs.*.*.*',
  durable: 'clas-cache-forward',
  mode: 'durable',
  server: 'cluster',
} as const;
/** What C-VENs say of themselves and the sandboxes of their nodes. */
export const AGENTS = {
  stream: 'AGENTS',
  filter: 'agent.*.*.*',
  durable: 'clas-cache-agents',
  mode: 'latest',
  server: 'cluster',
} as const;
export const FORWARDED_HEARTBEATS = {
  stream: 'AGENTS',
  filter: 'agent.*.heartbeat.*',
  durable: 'clas-cache-heartbeats',
  mode: 'durable',
  server: 'cluster',
} as const;
export const NODE_ACKS = {
  stream: 'ACKS',
  filter: 'ack.*.node.*',
  durable: 'clas-cache-acks',
  mode: 'latest',
  server: 'cluster',
} as const;
/** What was said of Pods before a restart: a Pod that was ready stays ready. */
export const TOLD_READINESS = {
  stream: 'READINESS',
  filter: 'policy.*.readiness.*',
  durable: 'clas-cache-readiness',
  mode: 'latest',
  server: 'cluster',
} as const;
export const FLOW_BATCHES = {
  stream: 'FLOWS',
  filter: 'flow.*.batch.*',
  durable: 'clas-cache-flows',
  mode: 'durable',
  server: 'cluster',
} as const;
/** Decorated at once and kept in the cluster until the control plane has them. */
export const DECORATED_FLOWS = {
  stream: 'DECORATED',
  filter: 'flow.*.decorated.*',
  durable: 'clas-cache-decorated',
  mode: 'durable',
  server: 'cluster',
} as const;
/** Read through a durable that the control plane makes for the cluster. */
export const POLICY = {
  stream: 'POLICY',
  filter: 'policy.*.*.*',
  durable: 'clas-cache-policy',
  mode: 'latest',
  server: 'control',
} as const;

export const manifest: ServiceManifest = {
  service: 'clas-cache',
  consumes: [
    OBSERVED,
    FORWARDED,
    AGENTS,
    FORWARDED_HEARTBEATS,
    NODE_ACKS,
    TOLD_READINESS,
    FLOW_BATCHES,
    DECORATED_FLOWS,
    POLICY,
  ],
  emits: [
    { subject: 'policy.*.view.*', server: 'cluster' },
    { subject: 'policy.*.readiness.*', server: 'cluster' },
    { subject: 'policy.*.relist.*', server: 'cluster' },
    { subject: 'flow.*.decorated.*', server: 'cluster' },
    { subject: 'obs.*.*.*', server: 'control' },
    { subject: 'agent.*.heartbeat.*', server: 'control' },
    { subject: 'agent.*.refusal.*', server: 'control' },
    { subject: 'flow.*.decorated.*', server: 'control' },
    { subject: 'ack.*.node.*', server: 'control' },
    { subject: 'answer.*.*', server: 'control' },
    { subject: 'ack.*.pulse.*', server: 'control' },
  ],
  listens: [{ subject: 'ask.*.*', server: 'control' }],
  serves: ['clas-cache.node-snapshot', 'clas-cache.witness'],
  calls: [],
};
