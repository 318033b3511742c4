import { expect } from 'vitest';
import { ACTIVE, DRAFT, name, ORG } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { label } from './labels.js';
import { lives, marked, readsBack, UNMARKED } from './reads-back.js';

const IP_LISTS = `${DRAFT}/ip_lists`;
const SERVICES = `${DRAFT}/services`;
const VIRTUAL = `${DRAFT}/virtual_services`;
const ANY = 'Any (0.0.0.0/0 and ::/0)';

export const anyAddress = async (client: Client): Promise<Item> =>
  (await client.list(`${ACTIVE}/ip_lists?name=${encodeURIComponent(ANY)}`))[0]!;

export async function provisioned(client: Client, type: string, ...hrefs: string[]): Promise<Item> {
  const change_subset = { [type]: hrefs.map((href) => ({ href })) };
  return client.made(`${ORG}/sec_policy`, { update_description: 'as a client does', change_subset });
}

const addresses = {
  ip_ranges: [
    { from_ip: '192.168.0.0/16', description: 'at home' },
    { from_ip: '10.0.0.1', to_ip: '10.0.1.255', description: 'ours' },
    { from_ip: '127.0.0.1', description: 'itself' },
    { from_ip: '192.168.0.1', exclusion: true, description: 'not the router' },
  ],
  fqdns: [
    { fqdn: '*.lab.example.com', description: 'the lab' },
    { fqdn: 'localhost', description: 'here' },
  ],
};
const range = (from_ip: string, more: object = {}): object => ({
  ...{ from_ip, to_ip: '', description: '', exclusion: false },
  ...more,
});

export const ipLists: Cases = {
  'the list of all addresses is the first of its name': async (client) => {
    expect(await anyAddress(client)).toMatchObject({ name: ANY });
  },
  'and is known by a part of its name and by nobody having made it': async (client) => {
    const found = await client.list(`${IP_LISTS}?name=0.0.0.0&max_results=10`);
    expect(found).toContainEqual(expect.objectContaining({ name: ANY, created_by: { href: '/users/0' } }));
  },
  'a list reads back as it was answered when it was made': async (client) => {
    const made = await client.made(IP_LISTS, { name: name(), ...addresses, ...marked(name(), name()) });
    expect(await client.get(made.href)).toEqual(made);
    await client.put(made.href, { description: 'no names any more', fqdns: [] });
    expect(await client.get(made.href)).toMatchObject({ fqdns: [], ip_ranges: addresses.ip_ranges });
    await client.remove(made.href);
  },
  'lists are found by parts of their name and names in them, and what is no filter is ignored': async (
    client,
  ) => {
    const part = name();
    await client.made(IP_LISTS, { name: `${part}-a`, ...addresses });
    expect(await client.list(`${IP_LISTS}?name=${part}`)).toHaveLength(1);
    expect(await client.list(`${IP_LISTS}?name=${part}&ip_list=192.168.123.255`)).toHaveLength(1);
    expect(await client.list(`${IP_LISTS}?name=${part}&ip_address=192.168.123.255`)).toHaveLength(1);
    expect(await client.list(`${IP_LISTS}?name=${part}&fqdn=lab.example.com`)).toHaveLength(1);
    expect(await client.list(`${IP_LISTS}?name=${part}&fqdn=elsewhere`)).toHaveLength(0);
    expect(await client.listLater(`${IP_LISTS}?name=${part}`)).toHaveLength(1);
  },
  'ranges are written the one way, and those that differ only in what is said of them stay two': async (
    client,
  ) => {
    const [list, fqdns] = [name(), [{ fqdn: 'app.example.com', description: '' }]];
    const { href } = await client.made(IP_LISTS, {
      ...{ name: list, description: 'some', fqdns, ...UNMARKED },
      ip_ranges: [range('10.1.0.0', { to_ip: '10.10.0.0', description: 'some' })],
    });
    const body = (...ip_ranges: object[]): object => ({
      name: list,
      description: '',
      ip_ranges,
      fqdns,
      ...UNMARKED,
    });
    await client.put(href, body(range('10.1.0.0/16')));
    await readsBack(client, href, { ip_ranges: [range('10.1.0.0/16')] });
    await client.put(
      href,
      body(
        ...[range('10.1.0.0/32'), range('2001:4860:4860::8844/128')],
        ...[range('10.1.0.10/14'), range('10.0.0.10/14')],
        range('10.0.0.10/14', { description: 'said twice' }),
        range('10.0.0.10/14', { exclusion: true }),
      ),
    );
    const { ip_ranges } = await client.get(href);
    expect((ip_ranges as Record<string, unknown>[]).map((each) => each['from_ip']).sort()).toEqual([
      ...['10.0.0.0/14', '10.0.0.0/14', '10.0.0.0/14'],
      ...['10.1.0.0', '2001:4860:4860::8844'],
    ]);
    await client.put(href, body());
    expect(await client.get(href)).toMatchObject({ ip_ranges: [] });
    await client.remove(href);
  },
};

const service = (client: Client, prefix: string, ...service_ports: object[]): Promise<Item> =>
  client.made(SERVICES, { name: `${prefix}-${name()}`, description: 'some', service_ports });

export const services: Cases = {
  'the service of everything is the first of its name': async (client) => {
    expect((await client.list(`${ACTIVE}/services?name=All+Services`))[0]).toMatchObject({
      name: 'All Services',
    });
  },
  'services are found by a port in their ranges, a protocol, and a part of their name': async (client) => {
    const part = name();
    await service(client, part, { port: 80, proto: 6 }, { port: 443, proto: 6 });
    await service(client, part, { port: 1, to_port: 1023, proto: 6 });
    await service(client, part, { port: 3389, proto: 6 }, { port: 3389, proto: 17 });
    expect(await client.list(`${SERVICES}?name=${part}`)).toHaveLength(3);
    expect(await client.list(`${SERVICES}?port=443&name=${part}`)).toHaveLength(2);
    expect(await client.list(`${SERVICES}?proto=17&name=${part}`)).toHaveLength(1);
    expect(await client.listLater(`${SERVICES}?name=${part}`)).toHaveLength(3);
  },
  'ports that were read may be sent again with one more': async (client) => {
    const { href } = await service(client, 'n', { port: 1, to_port: 1023, proto: 6 });
    const { service_ports } = await client.get(href);
    const more = [...(service_ports as object[]), { port: 1, to_port: 1023, proto: 17 }];
    await client.put(href, { service_ports: more });
    expect((await client.get(href))['service_ports']).toEqual(more);
  },
  'a service lives as it is declared, and does not speak of what it is not': async (client) => {
    const ports = {
      service_ports: [
        { proto: 6, port: 10, to_port: 100 },
        { proto: 1, icmp_type: 5, icmp_code: 6 },
      ],
    };
    await lives(client, SERVICES, { name: name(), description: 'some', ...ports, ...UNMARKED }, [
      { name: name(), description: '', ...ports, ...UNMARKED },
    ]);
    const { href } = await client.made(SERVICES, { name: name(), ...ports });
    const item = await client.get(href);
    for (const field of ['windows_services', 'windows_egress_services'])
      expect(item).not.toHaveProperty(field, null);
  },
};

export const virtualServices: Cases = {
  'a virtual service reads back as it was answered when it was made': async (client) => {
    const made = await client.made(VIRTUAL, { name: name(), service_ports: [{ port: 137, proto: 17 }] });
    expect(await client.get(made.href)).toEqual(made);
  },
  'virtual services are found by a part of their name and by a port': async (client) => {
    const part = name();
    await client.made(VIRTUAL, { name: `${part}-a`, service_ports: [{ port: 4137, proto: 17 }] });
    expect(await client.list(`${VIRTUAL}?name=${part}`)).toHaveLength(1);
    expect(await client.list(`${VIRTUAL}?service_ports.port=4137`)).toHaveLength(1);
    expect(await client.listLater(`${VIRTUAL}?name=${part}`)).toHaveLength(1);
  },
  'an address is added to one that had none': async (client) => {
    const { href } = await client.made(VIRTUAL, { name: name(), service_ports: [{ port: 80, proto: 6 }] });
    const fqdn = `${name()}.example.com`;
    await client.put(href, { service_addresses: [{ fqdn }] });
    const found = await client.list(`${VIRTUAL}?service_address.fqdn=${fqdn.slice(0, -4)}`);
    expect(found).toEqual([expect.objectContaining({ href, service_addresses: [{ fqdn }] })]);
  },
  'virtual services are made and changed by the dozen, each with its own result': async (client) => {
    const bodies = [name(), name()].map((each) => ({ name: each, service_ports: [{ port: 80, proto: 6 }] }));
    const { body: made } = await client.call('PUT', `${VIRTUAL}/bulk_create`, bodies);
    const hrefs = (made as Item[]).map(({ href }) => href);
    expect(made).toEqual(hrefs.map((href) => ({ href, status: 'created' })));
    const changes = hrefs.map((href) => ({ href, description: 'changed' }));
    const { body: changed } = await client.call('PUT', `${VIRTUAL}/bulk_update`, changes);
    expect(changed).toEqual(hrefs.map((href) => ({ href, status: 'updated' })));
    for (const href of hrefs) expect(await client.get(href)).toMatchObject({ description: 'changed' });
  },
  'ports of its own give way to a service with a name': async (client) => {
    const named = await service(client, 'n', { proto: 6, port: 443 });
    const bare = { description: '', labels: [], ip_overrides: [], service_addresses: [] };
    const ports = { service_ports: [{ proto: 6, port: 1234 }], apply_to: 'host_only' };
    const { href } = await client.made(VIRTUAL, {
      ...{ ...bare, ...ports, name: name(), description: 'some' },
      ...{ service_addresses: [{ fqdn: '*.example.com' }], ip_overrides: ['1.2.3.4'] },
    });
    expect(await client.get(href)).not.toHaveProperty('service');
    const unbound = { ...bare, ...ports, name: name() };
    await client.put(href, unbound);
    await readsBack(client, href, unbound);
    const other = {
      ...bare,
      name: name(),
      apply_to: 'internal_bridge_network',
      service: { href: named.href },
    };
    await client.put(href, other);
    await readsBack(client, href, other);
    expect(await client.get(href)).not.toHaveProperty('service_ports');
    await client.remove(href);
    await client.remove(named.href);
  },
};

export const serviceBindings: Cases = {
  'a virtual service that is in force is bound to a workload, found by it, and let go': async (client) => {
    const [env, loc] = [await label(client, 'env'), await label(client, 'loc')];
    const draft = await client.made(VIRTUAL, {
      ...{ name: name(), apply_to: 'host_only', service_ports: [{ port: 80, proto: 6 }] },
      ...{ service_addresses: [{ fqdn: 'localhost.example.com' }] },
      labels: [{ href: env.href }, { href: loc.href }],
    });
    await provisioned(client, 'virtual_services', draft.href);
    const virtual_service = { href: draft.href.replace('/draft/', '/active/') };
    const workload = { href: (await client.made(`${ORG}/workloads`, { name: name() })).href };
    const { body } = await client.call('POST', `${ORG}/service_bindings`, [{ virtual_service, workload }]);
    const { href } = (body as Item[])[0]!;
    expect(await client.get(href)).toMatchObject({ href, virtual_service, workload });
    const bound = await client.list(`${ORG}/service_bindings?virtual_service=${virtual_service.href}`);
    expect(bound.map((each) => each.href)).toEqual([href]);
    for (const each of [href, workload.href, draft.href]) await client.remove(each);
    await provisioned(client, 'virtual_services', draft.href);
    for (const each of [env, loc]) await client.remove(each.href);
  },
};

/** What of each type is enough to be provisioned by itself. */
const ALONE = {
  ip_lists: { ip_ranges: [{ from_ip: '10.0.0.0/8' }] },
  label_groups: { key: 'env', labels: [] },
  services: { service_ports: [{ port: 3306, proto: 6 }] },
  rule_sets: { enabled: true, scopes: [] },
};

export const versions: Cases = Object.fromEntries(
  Object.entries(ALONE).map(([type, body]) => [
    `one of the ${type} is provisioned by itself, found among what is active, and gone when its end is provisioned`,
    async (client) => {
      const part = name();
      const { href } = await client.made(`${DRAFT}/${type}`, {
        ...{ name: part, description: 'some', ...body },
        ...marked(part, name()),
      });
      const version = await provisioned(client, type, href);
      expect(version).toMatchObject({
        href: expect.stringMatching(/^\/orgs\/1\/sec_policy\/\d+$/) as string,
      });
      const active = await client.list(`${ACTIVE}/${type}?name=${part}`);
      expect(active.map((each) => each.href)).toEqual([href.replace('/draft/', '/active/')]);
      await client.remove(href);
      expect(await client.get(href)).toMatchObject({ update_type: 'delete' });
      await provisioned(client, type, href);
      for (const each of [href, active[0]!.href]) expect((await client.call('GET', each)).status).toBe(404);
    },
  ]),
);
