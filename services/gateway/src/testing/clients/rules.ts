import { expect } from 'vitest';
import { DRAFT, name } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { label } from './labels.js';
import { anyAddress } from './policy-objects.js';
import { marked, readsBack, UNMARKED } from './reads-back.js';

const RULE_SETS = `${DRAFT}/rule_sets`;
const BOUNDARIES = `${DRAFT}/enforcement_boundaries`;

async function scoped(client: Client, prefix = name()): Promise<Item> {
  const scope = [];
  for (const key of ['app', 'env', 'loc']) scope.push({ label: { href: (await label(client, key)).href } });
  return client.made(RULE_SETS, {
    ...{ name: `${prefix}-set`, description: 'some', enabled: true, scopes: [scope] },
    ...marked(prefix, name()),
  });
}
const web = (client: Client): Promise<Item> =>
  client.made(`${DRAFT}/services`, { name: name(), service_ports: [{ proto: 6, port: 443 }] });

/** Such clients choke on a field that is there and is null. */
function withoutNulls(items: unknown): void {
  for (const item of items as Record<string, unknown>[]) expect(Object.values(item)).not.toContain(null);
}

export const ruleSets: Cases = {
  'a rule set reads back as it was answered when it was made': async (client) => {
    const made = await scoped(client);
    expect(await client.get(made.href)).toEqual(made);
    await client.put(made.href, { description: 'not now', enabled: false });
    expect(await client.get(made.href)).toMatchObject({ enabled: false, scopes: made['scopes'] });
  },
  'rule sets are found by a part of their name': async (client) => {
    const part = name();
    await scoped(client, part);
    expect(await client.list(`${RULE_SETS}?name=${part}`)).toHaveLength(1);
    expect(await client.listLater(`${RULE_SETS}?name=${part}`)).toHaveLength(1);
  },
  'a scope comes and goes, down to the one of everything': async (client) => {
    const env = await label(client, 'env');
    const body = { name: name(), description: '', enabled: true, ip_tables_rules: [], ...UNMARKED };
    const scopes = [[{ label: { href: env.href }, exclusion: false }]];
    const { href } = await client.made(RULE_SETS, { ...body, scopes });
    expect(await client.get(href)).toMatchObject({ scopes: [[{ label: { href: env.href } }]] });
    await client.put(href, { ...body, scopes: [[]] });
    expect(await client.get(href)).toMatchObject({ scopes: [[]], description: '' });
    for (const each of [href, env.href]) await client.remove(each);
  },
  'rules for iptables are kept as they were written': async (client) => {
    const env = await label(client, 'env');
    const rule = {
      ...{ enabled: false, description: '', ip_version: '6' },
      actors: [{ actors: 'ams' }, { label: { href: env.href } }],
      statements: [{ table_name: 'nat', chain_name: 'PREROUTING', parameters: 'value' }],
    };
    const body = { name: name(), description: 'some', enabled: true, scopes: [[]], ...UNMARKED };
    const { href } = await client.made(RULE_SETS, { ...body, ip_tables_rules: [rule] });
    await readsBack(client, href, { ip_tables_rules: [rule] });
    await client.put(href, { ...body, ip_tables_rules: [] });
    expect(await client.get(href)).toMatchObject({ ip_tables_rules: [] });
    for (const each of [href, env.href]) await client.remove(each);
  },
};

const declared = {
  ...{ description: 'some', enabled: true, sec_connect: false, stateless: false, machine_auth: false },
  ...{ unscoped_consumers: false, use_workload_subnets: [], ...UNMARKED },
  resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
  consumers: [{ actors: 'ams' }],
  ingress_services: [{ proto: 6, port: 1234 }],
};

export const rules: Cases = {
  'a rule is made in its set, found there, and changed by what was read of it': async (client) => {
    const [set, role] = [await scoped(client), await label(client)];
    const rule = await client.made(`${set.href}/sec_rules`, {
      ...{ enabled: true, resolve_labels_as: declared.resolve_labels_as, ...marked(name(), name()) },
      providers: [{ label: { href: role.href } }],
      consumers: [{ ip_list: { href: (await anyAddress(client)).href } }],
      ingress_services: [
        { port: 443, proto: 6 },
        { port: 8080, proto: 6 },
      ],
    });
    expect(await client.get(rule.href)).toEqual(rule);
    expect(await client.list(`${set.href}/sec_rules`)).toHaveLength(1);
    const services = rule['ingress_services'] as object[];
    await client.put(rule.href, { ingress_services: [...services, { port: 80, proto: 6 }] });
    expect((await client.get(rule.href))['ingress_services']).toHaveLength(3);
    for (const each of [rule.href, set.href, role.href]) await client.remove(each);
  },
  'a rule lives as it is declared, with nothing null in what it names': async (client) => {
    const [set, role, named] = [await scoped(client), await label(client), await web(client)];
    const providers = [{ label: { href: role.href }, exclusion: true }];
    const { href } = await client.made(`${set.href}/sec_rules`, { ...declared, providers });
    for (const change of [
      { ...declared, providers },
      { ...declared, providers: [{ actors: 'ams' }], description: '' },
      { ...declared, providers: [{ actors: 'ams' }], ingress_services: [{ href: named.href }] },
    ]) {
      await client.put(href, change);
      const item = await readsBack(client, href, change);
      for (const field of ['providers', 'consumers', 'ingress_services']) withoutNulls(item[field]);
    }
    for (const each of [href, named.href]) await client.remove(each);
  },
  'rules are listed with a parameter beside that only the client knows': async (client) => {
    const set = await scoped(client);
    for (const port of [80, 443])
      await client.made(`${set.href}/sec_rules`, {
        ...{ ...declared, providers: [{ actors: 'ams' }], ingress_services: [{ proto: 6, port }] },
      });
    expect(await client.list(`${set.href}/sec_rules?rule_set_href=${set.href}`)).toHaveLength(2);
    expect(await client.listLater(`${set.href}/sec_rules`)).toHaveLength(2);
  },
};

export const boundaries: Cases = {
  'a boundary takes whole services and the active list of all addresses': async (client) => {
    const [part, rdp, any] = [name(), await web(client), await anyAddress(client)];
    const made = await client.made(BOUNDARIES, {
      ...{ name: `${part}-a`, providers: [{ actors: 'ams' }], consumers: [{ ip_list: { href: any.href } }] },
      ingress_services: [rdp, { port: 20009, proto: 6 }],
    });
    expect(await client.get(made.href)).toEqual(made);
    expect(await client.list(`${BOUNDARIES}?name=${part}`)).toHaveLength(1);
    expect(await client.listLater(`${BOUNDARIES}?name=${part}`)).toHaveLength(1);
    const services = [...(made['ingress_services'] as object[]), { port: 20009, proto: 17 }];
    await client.put(made.href, { ingress_services: services });
    expect((await client.get(made.href))['ingress_services']).toHaveLength(3);
    for (const each of [made.href, rdp.href]) await client.remove(each);
  },
  'a boundary names services by reference or by numbers, never half of both': async (client) => {
    const [named, role] = [await web(client), await label(client)];
    const body = {
      ...{ name: name(), providers: [{ label: { href: role.href } }], consumers: [{ actors: 'ams' }] },
      ingress_services: [{ href: named.href }, { proto: 6, port: 80 }],
    };
    const { href } = await client.made(BOUNDARIES, body);
    const item = await readsBack(client, href, body);
    expect(item['ingress_services']).toEqual(body.ingress_services);
    for (const each of [href, named.href, role.href]) await client.remove(each);
  },
};
