/** Of everything that a PUT changes: what was read is written back as it is, and is then as it was. */
import { randomUUID } from 'node:crypto';
import { API } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../routes/routes.js';
import { DRAFT, name, ORG } from './client.js';
import type { Client } from './client.js';
import { marked } from './clients/reads-back.js';

type Made = (client: Client) => Promise<string>;

const made = async (client: Client, path: string, body: object): Promise<string> =>
  (await client.made(path, body)).href;
const label = (client: Client, key: string): Promise<string> =>
  made(client, `${ORG}/labels`, { key, value: name(), ...marked(name(), '1') });
const virtualService = async (client: Client): Promise<string> =>
  made(client, `${DRAFT}/virtual_services`, {
    ...{ name: name(), description: 'some', apply_to: 'host_only', ip_overrides: ['10.0.0.0/8'] },
    service_ports: [
      { proto: 6, port: 80 },
      { proto: 17, port: 1, to_port: 9 },
    ],
    service_addresses: [{ fqdn: 'www.example.com', description: 'it', port: 8 }, { ip: '10.1.1.1' }],
    labels: [{ href: await label(client, 'role') }],
    ...marked(name(), '1'),
  });
const cluster = (client: Client): Promise<string> =>
  made(client, `${ORG}/container_clusters`, { name: name(), description: 'some' });
const group = async (client: Client): Promise<string> => {
  const inner = await made(client, `${DRAFT}/label_groups`, { name: name(), key: 'app' });
  return made(client, `${DRAFT}/label_groups`, {
    ...{ name: name(), description: 'some', key: 'app', sub_groups: [{ href: inner }] },
    ...{ labels: [{ href: await label(client, 'app') }], ...marked(name(), '1') },
  });
};
const ipList = (client: Client): Promise<string> =>
  made(client, `${DRAFT}/ip_lists`, {
    ...{ name: name(), description: 'some', fqdns: [{ fqdn: '*.example.com', description: 'it' }] },
    ip_ranges: [
      { from_ip: '10.0.0.0/8', description: 'all' },
      { from_ip: '10.0.0.1', to_ip: '10.0.0.9', exclusion: true },
      { from_ip: '2001:db8::/32' },
    ],
    ...marked(name(), '1'),
  });
const service = (client: Client): Promise<string> =>
  made(client, `${DRAFT}/services`, {
    ...{ name: name(), description: 'some', process_name: 'sshd', ...marked(name(), '1') },
    service_ports: [
      { proto: 6, port: 22, to_port: 23 },
      { proto: 1, icmp_type: 8, icmp_code: 0 },
      { proto: 58 },
    ],
  });
/** With an actor of every kind. */
async function ruleBody(client: Client): Promise<Record<string, object[]>> {
  const actors = [
    { actors: 'ams' },
    { label: { href: await label(client, 'role') }, exclusion: true },
    { label_group: { href: await group(client) } },
    { workload: { href: await made(client, `${ORG}/workloads`, { name: name() }) } },
    { ip_list: { href: await ipList(client) } },
  ];
  const services = [{ href: await service(client) }, { proto: 6, port: 80, to_port: 90 }];
  return { providers: actors, consumers: actors, ingress_services: services };
}
async function ruleSet(client: Client): Promise<string> {
  const body = await ruleBody(client);
  const virtual = { virtual_service: { href: await virtualService(client) } };
  const iptables = {
    ...{ enabled: true, description: 'some', ip_version: '4', actors: [{ actors: 'ams' }] },
    statements: [{ table_name: 'filter', chain_name: 'INPUT', parameters: '-j ACCEPT' }],
  };
  return made(client, `${DRAFT}/rule_sets`, {
    ...{ name: name(), description: 'some', ...marked(name(), '1') },
    scopes: [
      [{ label: { href: await label(client, 'env') } }, { label_group: { href: await group(client) } }],
    ],
    rules: [
      { ...body, consumers: [...body['consumers']!, { actors: 'container_host' }], unscoped_consumers: true },
      { ...body, providers: [virtual], description: 'some', log_flow: true, ...marked(name(), '1') },
    ],
    deny_rules: [
      { ...body, override: true },
      { ...body, network_type: 'all' },
    ],
    ip_tables_rules: [iptables],
  });
}
const partOf =
  (field: string): Made =>
  async (client) => {
    const set = await client.get(await ruleSet(client));
    return (set[field] as { href: string }[])[0]!.href;
  };
const user = (client: Client): Promise<string> =>
  made(client, '/users', { username: `${name()}@example.com`, full_name: 'Some Body', type: 'local' });
const principal = (client: Client): Promise<string> =>
  made(client, `${ORG}/auth_security_principals`, { name: name(), display_name: 'Them', type: 'group' });
const scopedRole = async (client: Client): Promise<object> => ({
  role: { href: `${ORG}/roles/ruleset_manager` },
  scope: [{ label: { href: await label(client, 'app') } }],
});
const restriction = (client: Client): Promise<string> =>
  made(client, `${ORG}/access_restrictions`, {
    ...{ name: name(), description: 'some', ips: ['10.0.0.0/8'], enforcement_exclusions: ['api_keys'] },
  });
const always =
  (href: string): Made =>
  async () =>
    href;

/** By collection; where there are several ways to one, each of them. */
const EXAMPLES: Readonly<Record<string, readonly Made[]>> = {
  users: [user],
  permissions: [
    async (client) =>
      made(client, `${ORG}/permissions`, {
        ...(await scopedRole(client)),
        auth_security_principal: { href: await principal(client) },
      }),
  ],
  auth_security_principals: [
    principal,
    async (client) => {
      const href = await principal(client);
      await client.put(href, { access_restriction: { href: await restriction(client) } });
      return href;
    },
  ],
  'users/api_keys': [
    (client) => made(client, '/users/1/api_keys', { name: name(), description: 'some' }),
    async (client) => `${ORG}${await made(client, '/users/1/api_keys', { name: name() })}`,
  ],
  service_accounts: [
    async (client) =>
      made(client, `${ORG}/service_accounts`, {
        ...{ name: name(), description: 'some', permissions: [await scopedRole(client)] },
        ...{ api_key: { expires_in_seconds: 'default' } },
        access_restriction: { href: await restriction(client) },
      }),
  ],
  access_restrictions: [restriction],
  'settings/trusted_proxy_ips': [always(`${ORG}/settings/trusted_proxy_ips`)],
  settings: [always(`${ORG}/settings`)],
  authentication_settings: [always('/authentication_settings')],
  'authentication_settings/password_policy': [always('/authentication_settings/password_policy')],
  optional_features: [always(`${ORG}/optional_features`)],
  'settings/events': [always(`${ORG}/settings/events`)],
  'settings/syslog/destinations': [
    (client) =>
      made(client, `${ORG}/settings/syslog/destinations`, {
        ...{ pce_scope: ['it'], type: 'remote_syslog', description: 'some' },
        audit_event_logger: {
          ...{ configuration_event_included: false, system_event_included: false, min_severity: 'error' },
        },
        traffic_event_logger: {
          traffic_flow_allowed_event_included: false,
          traffic_flow_potentially_blocked_event_included: false,
          traffic_flow_blocked_event_included: false,
        },
        node_status_logger: { node_status_included: false },
        remote_syslog: {
          ...{ address: '127.0.0.1', port: 1, protocol: 17, tls_enabled: false, tls_verify_cert: false },
        },
      }),
  ],
  'settings/workloads': [
    async (client) => {
      const href = `${ORG}/settings/workloads`;
      const scope = [{ href: await label(client, 'app') }];
      await client.put(href, {
        workload_goodbye_timeout_seconds: [{ scope, ven_type: 'server', value: 900 }],
        workload_disconnected_notification_seconds: [{ scope, ven_type: 'server', warning: 900 }],
      });
      return href;
    },
  ],
  'settings/traffic_collector': [
    (client) =>
      made(client, `${ORG}/settings/traffic_collector`, {
        ...{ transmission: 'unicast', action: 'drop', data_source: 'server', network: 'corporate' },
        target: { proto: 17, dst_port: 53, dst_ip: '10.0.0.0/8', src_ip: '10.0.0.1', src_port: 99 },
      }),
    (client) =>
      made(client, `${ORG}/settings/traffic_collector`, { transmission: 'multicast', action: 'aggregate' }),
  ],
  labels: [(client) => label(client, 'app'), async (client) => label(client, 'role')],
  label_dimensions: [
    (client) =>
      made(client, `${ORG}/label_dimensions`, {
        ...{ key: `k${randomUUID().slice(0, 8)}`, display_name: name(), ...marked(name(), '1') },
        display_info: { icon: 'x', initial: 'T', background_color: '#000000', display_name_plural: 'Them' },
      }),
    async (client) => (await client.list(`${ORG}/label_dimensions?key=role`))[0]!.href,
  ],
  'container_clusters/container_workload_profiles': [
    async (client) => (await client.list(`${await cluster(client)}/container_workload_profiles`))[0]!.href,
    async (client) => {
      const [role, app] = [await label(client, 'role'), await label(client, 'app')];
      return made(client, `${await cluster(client)}/container_workload_profiles`, {
        ...{ name: name(), description: 'some', managed: true, enforcement_mode: 'selective' },
        labels: [
          { key: 'role', assignment: { href: role } },
          { key: 'app', restriction: [{ href: app }] },
          { key: 'env', assignment: {} },
        ],
      });
    },
  ],
  container_clusters: [cluster],
  pairing_profiles: [
    async (client) => (await client.list(`${ORG}/pairing_profiles`))[0]!.href,
    async (client) =>
      made(client, `${ORG}/pairing_profiles`, {
        ...{ enabled: true, name: name(), description: 'some', allowed_uses_per_key: 3, key_lifespan: 60 },
        ...{ labels: [{ href: await label(client, 'app') }], status_lock: false, env_label_lock: false },
        ...{ enforcement_mode: 'selective', log_traffic: true, ...marked(name(), '1') },
      }),
  ],
  workloads: [
    (client) => made(client, `${ORG}/workloads`, { name: name() }),
    async (client) =>
      made(client, `${ORG}/workloads`, {
        ...{ name: name(), hostname: 'a.example', description: 'some', public_ip: '192.0.2.1' },
        interfaces: [
          { name: 'eth0', address: '10.0.0.1', link_state: 'up', cidr_block: 8 },
          { name: 'eth0', address: '2001:db8::1', link_state: 'down', friendly_name: 'six' },
        ],
        ...{ labels: [{ href: await label(client, 'app') }], enforcement_mode: 'full', online: false },
        ...{ data_center: 'dc', os_id: 'debian', service_principal_name: 'it', ...marked(name(), '1') },
      }),
  ],
  ip_lists: [ipList, always(`${DRAFT}/ip_lists/1`)],
  services: [
    service,
    always(`${DRAFT}/services/1`),
    (client) =>
      made(client, `${DRAFT}/services`, {
        ...{ name: name(), windows_services: [{ service_name: 'it', proto: 6, port: 80 }] },
      }),
  ],
  label_groups: [group],
  rule_sets: [ruleSet],
  'rule_sets/sec_rules': [partOf('rules')],
  'rule_sets/deny_rules': [partOf('deny_rules')],
  enforcement_boundaries: [
    async (client) => {
      const side = [{ actors: 'ams' }, { label: { href: await label(client, 'app') } }];
      const services = [{ href: await service(client) }, { proto: 17, port: 80 }];
      return made(client, `${DRAFT}/enforcement_boundaries`, {
        ...{ name: name(), providers: side, consumers: side, ingress_services: services },
      });
    },
  ],
  virtual_services: [
    virtualService,
    async (client) =>
      made(client, `${DRAFT}/virtual_services`, { name: name(), service: { href: await service(client) } }),
  ],
  firewall_settings: [
    async (client) => {
      const href = `${DRAFT}/firewall_settings`;
      const scope = [{ label: { href: await label(client, 'app') } }];
      const coexistence = { scope: [{ href: await label(client, 'role') }], illumio_primary: true };
      await client.put(href, {
        ...{ static_policy_scopes: [scope], rule_hit_count_enabled_scopes: [scope] },
        firewall_coexistence: [{ ...coexistence, workload_mode: 'enforced' }],
      });
      return href;
    },
  ],
  security_principals: [
    (client) => made(client, `${ORG}/security_principals`, { sid: `S-1-5-21-${Date.now()}`, name: name() }),
  ],
};
/**
 * Agents are only there where machines are paired: inventory's specs write back what they read of them; in the older form they are not told
 * as they are read. A query is only ever ended.
 */
const ELSEWHERE = ['vens', 'agents', 'traffic_flows/async_queries'];

/** What stays as it is written: not when and by whom, and not what moves on by itself. */
function standing(value: unknown, collection: string): unknown {
  const moving = new Set(['updated_at', 'updated_by', ...(API[collection]?.told ?? [])]);
  return JSON.parse(JSON.stringify(value, (key, each: unknown) => (moving.has(key) ? undefined : each)));
}

export function writtenBackPromises(newClient: () => Promise<Client>): void {
  describe('what was read', () => {
    it('is tried of everything that a PUT changes', () => {
      const changed = ROUTES.filter(({ body }) => body === 'update').map(({ collection }) => collection);
      expect([...Object.keys(EXAMPLES), ...ELSEWHERE].sort()).toEqual([...new Set(changed)].sort());
    });

    it.each(Object.entries(EXAMPLES))('of %s is written back as it is', async (collection, examples) => {
      const client = await newClient();
      for (const example of examples) {
        const href = await example(client);
        const read = (await client.call('GET', href)).body;
        const { status, body } = await client.call('PUT', href, read);
        expect([href, status, body]).toEqual([href, 204, undefined]);
        const again = (await client.call('GET', href)).body;
        expect(standing(again, collection)).toEqual(standing(read, collection));
      }
    });

    it('is refused by its name where it is only shown, and somebody made something else of it', async () => {
      const client = await newClient();
      const href = await ruleSet(client);
      const { rules, ...read } = await client.get(href);
      const [first, ...others] = rules as Record<string, unknown>[];
      const body = { ...read, rules: [{ ...first, created_at: 'never' }, ...others], caps: ['all'] };
      const { status, body: errors } = await client.call('PUT', href, body);
      const message = 'rules[0].created_at, caps: unknown fields; leave out what is only shown';
      expect([status, errors]).toEqual([
        406,
        [{ token: 'input_validation_error', message: expect.stringContaining(message) as unknown }],
      ]);
    });
  });
}
