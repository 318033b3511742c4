/** Where audit events, and flows where asked, are forwarded to (`settings/syslog/destinations`). */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Port } from '../network.js';
import { Text } from '../text.js';

const remoteSyslog = z.object({
  address: Text.min(1).max(253),
  port: Port.min(1),
  /** 6: TCP, 17: UDP. */
  protocol: z.union([z.literal(6), z.literal(17)]),
  tls_enabled: z.boolean(),
  /** PEM; absent: the authorities that the system knows. */
  tls_ca_bundle: Text.max(262_144).nullish(),
  tls_verify_cert: z.boolean(),
});

const destination = {
  pce_scope: z.array(Text.max(255)).max(32),
  type: z.enum(['local_syslog', 'remote_syslog']),
  description: Text.max(4_096),
  audit_event_logger: z.object({
    configuration_event_included: z.boolean(),
    system_event_included: z.boolean(),
    min_severity: z.enum(['error', 'warning', 'informational']),
  }),
  traffic_event_logger: z.object({
    traffic_flow_allowed_event_included: z.boolean(),
    traffic_flow_potentially_blocked_event_included: z.boolean(),
    traffic_flow_blocked_event_included: z.boolean(),
  }),
  node_status_logger: z.object({ node_status_included: z.boolean() }),
  remote_syslog: remoteSyslog.nullish(),
};
type Remote = { readonly protocol: number; readonly tls_enabled: boolean } | null | undefined;
const withRemote = (body: { readonly type: string; readonly remote_syslog?: Remote }): boolean =>
  body.type !== 'remote_syslog' || (body.remote_syslog !== undefined && body.remote_syslog !== null);
/** What would go out readable though it was asked not to. */
const withoutTlsOverUdp = ({ remote_syslog: remote }: { readonly remote_syslog?: Remote }): boolean =>
  !(remote?.protocol === 17 && remote.tls_enabled);

export const SyslogDestinationCreate = z
  .strictObject(destination)
  .refine(withRemote, { path: ['remote_syslog'], message: 'a remote destination has an address' })
  .refine(withoutTlsOverUdp, {
    path: ['remote_syslog', 'tls_enabled'],
    message: 'TLS needs protocol 6 (TCP): what goes by UDP anybody may read',
  });
/** What comes of it must be what could be created. */
export const SyslogDestinationUpdate = z.strictObject({ ...destination, href: Text }).partial();
export const SyslogDestination = z.object({ href: Text, ...destination });
export type SyslogDestination = z.infer<typeof SyslogDestination>;

export const syslogDestinationCollections = {
  'settings/syslog/destinations': {
    item: SyslogDestination,
    create: SyslogDestinationCreate,
    update: SyslogDestinationUpdate,
  },
} as const satisfies CollectionContracts;
