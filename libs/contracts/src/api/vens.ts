/** Agents: one per paired node. A VEN is written through its workload, of which it has name and description. */
import { z } from 'zod';
import { BulkRefusals } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { Reference } from './href.js';
import { clusterList, flag, labelLists, partOf, span, time, word } from './query.js';
import { AgentWishes, LabelReference, LegacyMode, meta, VisibilityLevel } from './workload-parts.js';
import { Text } from '../text.js';

export const VenItem = z.looseObject({
  href: Text,
  name: Text.nullable(),
  description: Text.nullable(),
  hostname: Text,
  uid: Text.nullable(),
  version: Text,
  status: z.enum(['active', 'suspended', 'stopped', 'uninstalled']),
  ven_type: z.literal('containerized'),
  labels: z.array(LabelReference),
  last_heartbeat_at: Text.nullable(),
  ...meta,
});

/** An agent here cannot be suspended: `idle` is the mode in which it leaves the firewall alone. */
export const VenUpdate = z.strictObject({
  name: Text.max(255).optional(),
  description: Text.max(4_096).nullable().optional(),
  target_pce_fqdn: Text.nullable().optional(),
  status: z.literal('active', 'must be active; set the enforcement mode of its workload to idle').optional(),
});
export type VenUpdate = z.infer<typeof VenUpdate>;

const vens = z.array(Reference).min(1).max(1_000);
/** An agent that is unpaired removes every rule that it made and puts back what it had removed, whatever is asked for. */
const Restore = z.enum(['saved', 'default', 'disable']).optional();
export const VensUnpair = z.strictObject({ vens, firewall_restore: Restore });
export const WorkloadsUnpair = z.strictObject({ workloads: vens, ip_table_restore: Restore });
/** Whose flows are wanted often for a while. */
export const WorkloadsReportOften = z.strictObject({ workloads: vens });
export const VenRemoteAction = z.strictObject({ action: z.literal('restart'), vens });
/** Taken as published, so that its refusal is of what was asked for. */
export const VensUpgrade = z.strictObject({
  vens,
  release: Text.max(255),
  upgrade_timeout_seconds: z.number().int().min(0).max(2_592_000).optional(),
  dry_run: z.boolean().optional(),
});
/** For so long the machine may pair with another key than its agent has shown before. */
export const VenAuthenticationRecovery = z.strictObject({
  vens,
  recovery_enabled: z.boolean(),
  recovery_duration_seconds: z.number().int().min(3_600).max(2_592_000).optional(),
});

/** The workload of the agent, in the older form; `confirm` as workloads have it. */
export const AgentUpdate = z.strictObject({ agent: AgentWishes, confirm: z.boolean().optional() });
/** Taken as published, so that its refusal is of what was asked for. */
export const AgentReassign = z.strictObject({ target_pce_fqdn: Text.min(1).max(255) });

const VenProperty = z.enum([
  ...(['status', 'version', 'health', 'condition', 'os_id', 'enforcement_mode', 'ven_type'] as const),
]);
export type VenProperty = z.infer<typeof VenProperty>;
const values = z.array(Text.max(255)).max(100).optional();
export const VenStatistics = z.strictObject({
  property_counts: z
    .array(
      z.strictObject({
        property: VenProperty,
        values,
        filters: z
          .array(z.strictObject({ filter_property: VenProperty, values }))
          .max(10)
          .optional(),
      }),
    )
    .max(20)
    .optional(),
});
export type VenStatistics = z.infer<typeof VenStatistics>;

const Qualified = z.enum(['green', 'yellow', 'red']);
/** Each test has its own word as a field, with what was found. */
const CompatibilityReport = z.object({
  last_updated_at: Text.nullable(),
  qualify_status: Qualified,
  results: z.object({
    qualify_tests: z.array(z.looseObject({ status: Qualified })),
  }),
});
export type CompatibilityReport = z.infer<typeof CompatibilityReport>;

export const venCollections = {
  vens: {
    item: VenItem,
    update: VenUpdate,
    told: [
      ...['version', 'last_heartbeat_at', 'last_goodbye_at', 'interfaces', 'workloads', 'conditions'],
      ...['ringfence_pods', 'ringfence_pods_enforced', 'ringfence_errors'],
    ],
    actions: {
      unpair: VensUnpair,
      remote_action: VenRemoteAction,
      upgrade: VensUpgrade,
      authentication_recovery: VenAuthenticationRecovery,
      statistics: VenStatistics,
    },
    answers: {
      unpair: BulkRefusals,
      remote_action: BulkRefusals,
      upgrade: BulkRefusals,
      authentication_recovery: BulkRefusals,
      statistics: z.object({
        property_counts: z.array(
          z.object({
            property: VenProperty,
            counts: z.array(z.object({ value: Text, count: z.number().int() })),
          }),
        ),
      }),
    },
    query: {
      ...{ name: partOf, hostname: partOf, description: partOf, ip_address: partOf, labels: labelLists },
      'version[gte]': Text.optional().describe('Of this version or a later one.'),
      'version[lte]': Text.optional().describe('Of this version or an earlier one.'),
      status: word(['active', 'suspended', 'stopped', 'uninstalled']),
      health: word(['healthy', 'unhealthy', 'error', 'warning']),
      condition: Text.optional().describe('Such as agent.missed_heartbeats.'),
      activation_type: Text.optional().describe('Such as pairing_key.'),
      container_clusters: clusterList,
      upgrade_pending: flag,
      ven_type: word(['server', 'endpoint', 'containerized']),
      disconnected_before: time,
      ...span('last_heartbeat_at'),
      ...span('last_goodbye_at'),
    },
  },
  agents: {
    item: z.looseObject({
      href: Text,
      name: Text.nullable(),
      description: Text.nullable(),
      online: z.boolean(),
      mode: LegacyMode,
      uid: Text,
      last_heartbeat_on: Text.nullable(),
      hostname: Text,
      agent_version: Text.nullable(),
      public_ip: Text.nullable(),
      log_traffic: z.boolean(),
      visibility_level: VisibilityLevel,
      labels: z.array(LabelReference),
      ven: z.object({ href: Text }),
    }),
    update: AgentUpdate,
    actions: { reassign: AgentReassign },
    answers: { compatibility_report: CompatibilityReport },
  },
} as const satisfies CollectionContracts;
