/**
 * What a C-VEN says of itself and its node: one last value per node and kind. Whose word it is says the subject, which
 * the server enforces; where a payload names a node too, it must be the same.
 */
import { z } from 'zod';
import { GroupId, Instant } from './ids.js';
import { Address, Cidr, Port, PortRange, Protocol } from './network.js';
import { NodeName, Text } from './text.js';

/** What a node's own table always lets through, whatever the policy says. */
export const NodeEssential = z.object({
  ref: Text.max(128),
  direction: z.enum(['ingress', 'egress']),
  ports: z.array(PortRange).max(64),
  /** Whom: what only the node knows, and groups of the cluster. */
  cidrs: z.array(Cidr).max(1_024),
  groups: z.array(GroupId).max(16),
});
export type NodeEssential = z.infer<typeof NodeEssential>;

/** A connection into the node that stands now and that full mode would end. */
export const HostConnection = z.object({ peer: Address, proto: Protocol, port: Port });
export type HostConnection = z.infer<typeof HostConnection>;

/** Towards `to`, and nowhere narrower that is told too, the node calls by this address of its own: its routes choose it. */
export const NodeRoute = z.object({ to: Cidr, from: Address });
export type NodeRoute = z.infer<typeof NodeRoute>;
export const MOST_ROUTES = 256;

/** Heartbeat of a C-VEN, forwarded by clas-cache. `addresses` are all addresses of the node's namespace. */
export const AgentHeartbeat = z.object({
  node: NodeName,
  machineId: Text.max(128),
  version: Text.max(64),
  addresses: z.array(Address).max(512),
  revision: z.number().int(),
  pods: z.number().int(),
  podsEnforced: z.number().int(),
  errors: z
    .array(z.object({ token: Text.max(64), message: Text.max(500), pod: Text.max(253).optional() }))
    .max(100),
  /** By ports of the cluster and of administrators; absent until the agent has looked around. */
  cutByFull: z.array(HostConnection).max(20).optional(),
  observedAt: Instant,
  /** `unpaired` counts only where the control plane has asked for it. */
  status: z.enum(['active', 'stopping', 'unpaired']),
  /** Absent from agents that do not tell it. */
  essential: z.array(NodeEssential).max(128).optional(),
  /** Widest first. Absent from agents that do not tell it. */
  routes: z.array(NodeRoute).max(MOST_ROUTES).optional(),
  /** Whether the node's own table is in its kernel, so that it judges whom it hides behind its address. */
  judging: z.boolean(),
});
export type AgentHeartbeat = z.infer<typeof AgentHeartbeat>;

/**
 * clas-cache → control plane: this node's credential was used to say what it may not: to speak for another, or more than
 * its share. Told at most once a minute; `count` since the last time.
 */
export const AgentRefusal = z.object({
  node: NodeName,
  claims: z
    .array(
      z.object({
        claim: z.enum(['heartbeat', 'ack', 'flow', 'sandbox', 'quota']),
        /** An example, in words. */
        detail: Text.max(300),
        count: z.number().int(),
      }),
    )
    .max(8),
  at: Instant,
});
export type AgentRefusal = z.infer<typeof AgentRefusal>;

/** Kind segment of the subject → schema of the payload, on the control server. */
export const AGENT_REPORTS = { heartbeat: AgentHeartbeat, refusal: AgentRefusal } as const;
