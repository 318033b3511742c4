/**
 * Workloads: unmanaged hosts are written over REST; managed ones (paired nodes) are made by pairing and take only
 * some changes. A text that is given empty stays empty; an external reference that is, is none.
 */
import { z } from 'zod';
import { AdminPorts, EnforcementMode } from '../network.js';
import { BulkAnswer, BulkBody, BulkRefusals } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { Reference } from './href.js';
import {
  AgentWishes,
  EnforcementView,
  externalData,
  LabelReference,
  LegacyMode,
  meta,
  VisibilityLevel,
} from './workload-parts.js';
import { clusterList, external, flag, labelLists, partOf, span, word } from './query.js';
import { WorkloadsReportOften, WorkloadsUnpair } from './vens.js';
import { Text } from '../text.js';

const text = Text.max(255).nullable().optional();
const address = z.union([z.ipv4(), z.ipv6()]);

const workloadInterface = z.object({
  name: Text.min(1).max(255),
  address: address.nullable().optional(),
  link_state: z.enum(['up', 'down', 'unknown']).nullable().optional(),
  cidr_block: z.number().int().min(0).max(128).nullable().optional(),
  default_gateway_address: z
    .union([address, z.literal('')])
    .nullable()
    .optional(),
  friendly_name: text,
  network: Reference.optional(),
  network_detection_mode: Text.optional(),
  loopback: z.boolean().optional(),
  href: Text.optional(),
});
export type WorkloadInterface = z.infer<typeof workloadInterface>;
export const WorkloadInterfaceCreate = workloadInterface.strict();

const WorkloadInterfaceItem = workloadInterface.extend({
  href: Text,
  network: z.object({ href: Text, name: Text }),
});

const writable = {
  name: text,
  hostname: text,
  description: Text.max(4_096).nullable().optional(),
  public_ip: z
    .union([address, z.literal('')])
    .nullable()
    .optional(),
  interfaces: z.array(workloadInterface).max(256).optional(),
  ignored_interface_names: z.array(Text).max(256).optional(),
  labels: z.array(Reference).max(100).optional(),
  enforcement_mode: EnforcementMode.optional(),
  /** Of a paired node: by which ports administrators reach it, and from where; null: as its agent is set. */
  ringfence_admin_ports: AdminPorts.nullable().optional(),
  visibility_level: VisibilityLevel.optional(),
  online: z.boolean().optional(),
  service_provider: text,
  data_center: text,
  data_center_zone: text,
  os_id: text,
  os_detail: text,
  distinguished_name: text,
  service_principal_name: text,
  datacenter_nat_1to1: z.unknown().optional(),
  agent: AgentWishes.optional(),
  ...externalData,
} as const;

export const WorkloadCreate = z.strictObject(writable);
export type WorkloadCreate = z.infer<typeof WorkloadCreate>;
/** `confirm`: also where full mode ends connections into the node that no rule allows, or administrators are let in from less. */
const update = { ...writable, confirm: z.boolean().optional() } as const;
export const WorkloadUpdate = z.strictObject(update);
export type WorkloadUpdate = z.infer<typeof WorkloadUpdate>;

export const WorkloadBulkUpdateItem = z.strictObject({ href: Text, ...update });
export const WorkloadBulkDeleteItem = z.object({ href: Text });
export type WorkloadBulkDeleteItem = z.infer<typeof WorkloadBulkDeleteItem>;

export const WorkloadItem = z.looseObject({
  href: Text,
  deleted: z.boolean(),
  name: Text.nullable(),
  description: Text.nullable(),
  hostname: Text.nullable(),
  managed: z.boolean(),
  online: z.boolean(),
  public_ip: Text.nullable(),
  labels: z.array(LabelReference),
  enforcement_mode: EnforcementMode,
  visibility_level: VisibilityLevel,
  interfaces: z.array(z.looseObject({ name: Text, address: Text.nullable() })),
  /** Of paired nodes. */
  ringfence_enforcement: EnforcementView.optional(),
  ringfence_admin_ports: AdminPorts.nullable().optional(),
  ...externalData,
  ...meta,
});

/** CSV: `href,hostname`, then a column per label type. */
export const WorkloadsBulkImport = Text.min(1).max(10_000_000);

export const workloadCollections = {
  workloads: {
    create: WorkloadCreate,
    update: WorkloadUpdate,
    told: [
      ...[
        'services',
        'ven',
        'ringfence_enforcement',
        'ringfence_policy_revision',
        'ringfence_policy_version',
      ],
    ],
    actions: {
      bulk_create: BulkBody,
      bulk_update: BulkBody,
      bulk_delete: BulkBody,
      unpair: WorkloadsUnpair,
      set_flow_reporting_frequency: WorkloadsReportOften,
      bulk_import: WorkloadsBulkImport,
    },
    answers: {
      bulk_create: BulkAnswer,
      bulk_update: BulkAnswer,
      bulk_delete: BulkRefusals,
      unpair: BulkRefusals,
      bulk_import: z.object({
        dry_run: z.boolean(),
        changes: z.array(
          z.object({
            ...{ href: Text, hostname: Text },
            labels: z.array(z.object({ key: Text, before: Text.nullable(), after: Text.nullable() })),
          }),
        ),
        unchanged_count: z.number().int(),
        created_labels: z.array(z.object({ key: Text, value: Text })),
      }),
    },
    item: WorkloadItem,
    query: {
      ...{ name: partOf, hostname: partOf, description: partOf, os_id: partOf, ip_address: partOf },
      labels: labelLists,
      enforcement_mode: word(EnforcementMode.options),
      enforcement_modes: Text.optional().describe('JSON list of enforcement modes.'),
      mode: word(LegacyMode.options),
      visibility_level: word(VisibilityLevel.options),
      ...{ log_traffic: flag, managed: flag, online: flag, include_deleted: flag },
      policy_health: word(['active', 'warning', 'error', 'suspended']),
      security_policy_sync_state: word(['staged', 'syncing', 'applied']),
      security_policy_update_mode: word(['static', 'adaptive']),
      container_clusters: clusterList,
      ven: Text.optional().describe('The href of its VEN.'),
      'ven.ven_type': word(['server', 'endpoint', 'containerized']),
      ...span('last_heartbeat_on'),
      ...external,
      representation: Text.optional().describe('Changes nothing: workloads are shown in full.'),
    },
    parameters: {
      bulk_import: {
        create_labels: Text.optional().describe('`true`: values that are new become labels.'),
        dry_run: Text.optional().describe('`true`: nothing is done, and what would be is said.'),
        delete_token: Text.optional().describe('A cell of this text takes the label away.'),
      },
    },
  },
  'workloads/interfaces': {
    create: WorkloadInterfaceCreate,
    item: WorkloadInterfaceItem,
    query: { name: partOf },
  },
} as const satisfies CollectionContracts;
