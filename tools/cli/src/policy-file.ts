/**
 * The one schema of policy documents: policy in words, by names instead of hrefs. What is read becomes the normal form in which policies are
 * compared (`policy-difference.ts`). Parsing and lines are in `policy-documents.ts`, what the words mean to the server is in `policy-translation.ts`.
 */
import { z } from 'zod';
import type { SideWord } from './policy-kinds.js';
import { portText, rulePortsOf, servicePortsOf } from './port-words.js';
import { rangeText } from './range-words.js';

const name = z.string().min(1).max(255);
const description = z.string().max(4096).optional();
const names = z
  .union([name, z.array(name).min(1)])
  .transform((given) => (Array.isArray(given) ? given : [given]));

/** Who made it, for `policy apply` to know what it may delete; see `OWNER_RULES` in policy-owner.ts. */
const owner = z.string().min(1).max(255).optional();

const sideWords = {
  all: z.literal(true).optional(),
  container_host: z.literal(true).optional(),
  ip_list: names.optional(),
  label_group: names.optional(),
  virtual_service: names.optional(),
  workload: names.optional(),
} as const satisfies Record<SideWord, z.ZodType>;
const exclusions = z.object({ label_group: names.optional() }).catchall(names);
const side = z.union(
  [
    z.literal('all').transform(() => ({ all: true as const })),
    z
      .object({ ...sideWords, not: exclusions.optional() })
      .catchall(names)
      .refine((given) => Object.keys(given).length > 0, 'names nobody; write `all` for everybody'),
  ],
  {
    error:
      'write `all`, or labels such as { role: web }, or ip_list, label_group, workload, virtual_service, container_host',
  },
);
export type SideWords = z.output<typeof side>;

const PORT_PROBLEM = 'is no port; write 8080/tcp, 9000-9010/udp, icmp, icmp/8, or all';
const portWords = name
  .refine((text) => servicePortsOf(text) !== undefined, PORT_PROBLEM)
  .transform((text) => portText(servicePortsOf(text)!));

/** A port, or a service by its name; `{ service: … }` is one whose name reads like a port. */
const service = z.union(
  [
    name.transform((text) => {
      const ports = rulePortsOf(text);
      return ports === undefined ? text : portText(ports);
    }),
    z.strictObject({ service: name }),
  ],
  { error: 'write 8080/tcp, the name of a service, all, or { service: NAME }' },
);
export type ServiceWords = z.output<typeof service>;
const on = z.array(service).max(1_000);

const sides = { from: side, to: side } as const;
const NETWORKS = ['brn', 'all'] as const;
const network = z.enum(NETWORKS).default('brn');
const meaning = z.enum(['workloads', 'virtual_services', 'both']).default('workloads');

const ruleFields = {
  ...sides,
  on: on.default([]),
  description,
  enabled: z.boolean().default(true),
  extra_scope: z.boolean().default(false),
  network,
} as const;
const rule = z
  .strictObject({
    ...ruleFields,
    /** What labels of a side mean. */
    labels_as: z.strictObject({ from: meaning, to: meaning }).prefault({}),
    log: z.boolean().default(false),
    subnets_of: z.array(z.enum(['from', 'to'])).default([]),
  })
  .refine(({ on: ports, labels_as: { to } }) => ports.length > 0 || to === 'virtual_services', {
    path: ['on'],
    message: 'at least one is needed; only `labels_as: { to: virtual_services }` has ports of its own',
  });
const denyRule = z.strictObject({
  ...ruleFields,
  on: on.min(1),
  override: z.boolean().default(false),
});
export type RuleWords = z.output<typeof rule>;
export type DenyRuleWords = z.output<typeof denyRule>;

/** One label, or group, of each type. */
const scopeLabels = z.object({ label_group: names.optional() }).catchall(name);
const scope = scopeLabels.extend({ not: exclusions.optional() });
export type ScopeWords = z.output<typeof scope>;

const label = z.strictObject({ key: name, value: name });
const labelType = z.strictObject({
  key: name,
  name,
  icon: z.string().max(255).optional(),
  initial: z.string().max(8).optional(),
  plural: name.optional(),
  background: z.string().max(7).optional(),
  foreground: z.string().max(7).optional(),
  order: name.regex(/^-?\d{1,9}$/, 'is no whole number').optional(),
});

const labelGroup = z.strictObject({
  name,
  owner,
  description,
  key: name,
  labels: z.array(name).default([]),
  groups: z.array(name).default([]),
});

const RANGE_PROBLEM = 'is no range; write 10.0.0.0/8, 10.0.0.1-10.0.0.9, or !10.1.0.0/16 to leave out';
const rangeWords = name
  .refine((text) => rangeText(text) !== undefined, RANGE_PROBLEM)
  .transform((text) => rangeText(text)!);
/** With a description where there is one. */
const described = (word: z.ZodType<string, string>, error: string) =>
  z.union(
    [
      word.transform((value): Described => ({ value })),
      z.strictObject({ value: word, description: z.string().max(4096).optional() }),
    ],
    { error },
  );
interface Described {
  readonly value: string;
  readonly description?: string | undefined;
}
const ipList = z.strictObject({
  name,
  owner,
  description,
  ranges: z.array(described(rangeWords, RANGE_PROBLEM)).default([]),
  fqdns: z.array(described(name, 'write a name, or { value, description }')).default([]),
});

const serviceObject = z.strictObject({
  name,
  owner,
  description,
  description_url: z.string().max(2048).optional(),
  process_name: z.string().max(255).optional(),
  ports: z.array(portWords).min(1).max(1_000),
});

const place = { port: name.optional(), description: z.string().max(4096).optional() };
const address = z.union(
  [
    name.transform((ip) => ({ ip })),
    z.strictObject({ ip: name, ...place }),
    z.strictObject({ fqdn: name, ...place }),
  ],
  { error: 'write an address, or { ip or fqdn, port, description }' },
);
const boundWorkload = z.union(
  [
    name.transform((workload) => ({ workload, ports: {} as Record<string, string> })),
    z.strictObject({ workload: name, ports: z.record(portWords, name).default({}) }),
  ],
  { error: 'write the name of a workload, or { workload, ports: { 8080/tcp: 9090 } }' },
);
const virtualService = z
  .strictObject({
    name,
    owner,
    description,
    apply_to: z.enum(['host_only', 'internal_bridge_network']).default('host_only'),
    labels: z.record(name, name).default({}),
    service: name.optional(),
    ports: z.array(portWords).default([]),
    addresses: z.array(address).default([]),
    overrides: z.array(name).default([]),
    /** Absent: whoever is bound stays so. */
    workloads: z.array(boundWorkload).optional(),
  })
  .refine(({ service: named, ports }) => (named === undefined) !== (ports.length === 0), {
    path: ['ports'],
    message: 'write exactly one of service, ports',
  });

const ruleSet = z.strictObject({
  name,
  owner,
  description,
  enabled: z.boolean().default(true),
  scopes: z.array(scope).default([]),
  rules: z.array(rule).default([]),
  deny_rules: z.array(denyRule).default([]),
});

const boundary = z.strictObject({
  name,
  owner,
  enabled: z.boolean().default(true),
  ...sides,
  on: on.min(1),
  network,
});

const coexistence = z.strictObject({
  scope: z.record(name, names),
  primary: z.boolean(),
  state: z.enum(['enforced', 'illuminated']).optional(),
});
const scopes = z.array(scope).default([]);
const firewallSettings = z.strictObject({
  coexistence: z.array(coexistence).default([]),
  static_policy: scopes,
  containers_inherit_host_policy: scopes,
  blocked_connection_reject: scopes,
  loopback_interfaces_in_policy: scopes,
  ip_forwarding_enabled: scopes,
  rule_hit_count_enabled: scopes,
  ike_authentication: z.enum(['psk', 'certificate']).default('psk'),
  captive_portal: z.boolean().default(false),
});
export type FirewallWords = z.output<typeof firewallSettings>;

const list = <S extends z.ZodType>(item: S) => z.array(item).default([]);

export const PolicyFile = z.strictObject({
  owner,
  parameters: z.unknown().optional(),
  label_types: list(labelType),
  labels: list(label),
  label_groups: list(labelGroup),
  ip_lists: list(ipList),
  services: list(serviceObject),
  virtual_services: list(virtualService),
  rule_sets: list(ruleSet),
  boundaries: list(boundary),
  firewall_settings: firewallSettings.optional(),
});
export type PolicyFile = z.output<typeof PolicyFile>;
