/** What programs count on that load all there is, and look for everything in what they loaded. */
import { eventually } from '@ringfence/testing';
import { expect } from 'vitest';
import { ACTIVE, DRAFT, name, ORG } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { label } from './labels.js';

const ANY_ADDRESS = `${DRAFT}/ip_lists/1`;
const ALL_SERVICES = { href: `${DRAFT}/services/1` };
const BOTH = ['workloads', 'virtual_services'];

const named = (href: string): object => ({ label: { href } });

async function ruleOf(client: Client, providers: object[], consumers: object[]): Promise<Item> {
  const set = await client.made(`${DRAFT}/rule_sets`, { name: name(), scopes: [[]] });
  return client.made(`${set.href}/sec_rules`, {
    ...{ enabled: true, providers, consumers, ingress_services: [ALL_SERVICES] },
    ...{ unscoped_consumers: false, consuming_security_principals: [] },
    resolve_labels_as: { providers: BOTH, consumers: BOTH },
  });
}

export const programs: Cases = {
  'a path with a slash too many is the path that was meant': async (client) => {
    const { href } = await label(client);
    for (const path of [`/${href}`, href.replace('/labels', '//labels'), `${href}//`])
      expect(await client.get(path)).toMatchObject({ href });
    const made = await client.made(`${ORG}//sec_policy/draft//ip_lists`, { name: name() });
    expect(made.href).toMatch(/^\/orgs\/1\/sec_policy\/draft\/ip_lists\/\d+$/);
    expect(await client.list(`${ORG}//sec_policy/active/services`)).not.toEqual([]);
  },
  'every service says its process, and every ICMP its type and code': async (client) => {
    const { href } = await client.made(`${DRAFT}/services`, {
      ...{ name: name(), service_ports: [{ proto: 1 }, { proto: 58, icmp_type: 3 }, { proto: 6, port: 80 }] },
    });
    for (const service of await client.list(`${DRAFT}/services?max_results=99999`))
      expect(service).toMatchObject({ process_name: expect.any(String) as string });
    expect(await client.get(href)).toMatchObject({
      service_ports: [
        { proto: 1, icmp_type: null, icmp_code: null },
        { proto: 58, icmp_type: 3, icmp_code: null },
        { proto: 6, port: 80 },
      ],
    });
  },
  'what is made at the start was made by nobody': async (client) => {
    for (const href of [ANY_ADDRESS, ALL_SERVICES.href])
      expect(await client.get(href)).toMatchObject({ created_by: { href: '/users/0' } });
  },
  'every node of the server says what it is': async (client) => {
    const [health] = (await client.get('/health')) as unknown as Record<string, object[]>[];
    for (const node of health!['nodes']!)
      expect(node).toMatchObject({ hostname: expect.any(String) as string, type: 'snc0' });
  },
  'rules are searched for by what is on either side, as many as are wanted': async (client) => {
    const one = (await label(client)).href;
    const [other, ams] = [(await label(client)).href, { actors: 'ams' }];
    const [provides, consumes] = [
      await ruleOf(client, [named(one)], [ams]),
      await ruleOf(client, [named(other)], [named(one)]),
    ];
    const search = async (body: object): Promise<string[]> => {
      const answer = await client.call('POST', `${DRAFT}/rule_search`, body);
      return (answer.body as { sec_rules: Item[] }).sec_rules.map(({ href }) => href);
    };
    const either = { providers_or_consumers: [named(one)] };
    expect(await search({ ...either, max_results: 10_000 })).toEqual([provides.href, consumes.href]);
    expect(await search({ ...either, max_results: 1 })).toEqual([provides.href]);
    expect(await search({ ...either, providers: [named(other)], max_results: 9 })).toEqual([consumes.href]);
  },
  'flows are downloaded as CSV by who does not ask for JSON': async (client) => {
    const all = { include: [[]], exclude: [] };
    const { body } = await client.call('POST', `${ORG}/traffic_flows/async_queries`, {
      ...{ query_name: '', sources: all, destinations: all, services: { include: [], exclude: [] } },
      ...{ policy_decisions: [], max_results: 10 },
      ...{ start_date: '2022-02-01T00:00:00Z', end_date: '2022-03-01T00:00:00Z' },
    });
    const { href } = body as Item;
    await eventually(
      () => client.get(href),
      (query) => query['status'] === 'completed',
    );
    await expect(client.call('GET', `${href}/download`, undefined, { accept: '*/*' })).rejects.toThrow(
      'text/csv',
    );
  },
  'what another organisation has is not here, though it has the same number': async (client) => {
    const { href } = await label(client);
    const foreign = { href: href.replace('/orgs/1/', '/orgs/2/') };
    const scopes = [[{ label: foreign }]];
    for (const [path, body] of [
      ['sec_policy/draft/rule_sets', { name: name(), scopes }],
      ['sec_policy/draft/label_groups', { name: name(), key: 'app', labels: [foreign] }],
      ['workloads', { name: name(), labels: [foreign] }],
      ['pairing_profiles', { enabled: true, name: name(), labels: [foreign] }],
    ] as const)
      expect([path, await client.refused('POST', `${ORG}/${path}`, body)]).toEqual([
        path,
        'input_validation_error',
      ]);
  },
  'what is of a feature that is not here is empty, or refused by its name': async (client) => {
    for (const path of [`${DRAFT}/virtual_servers`, `${ACTIVE}/virtual_servers`, `${ORG}/vulnerabilities`]) {
      expect(await client.list(`${path}?max_results=0`)).toEqual([]);
      expect(await client.listLater(path)).toEqual([]);
    }
    for (const [method, path, words] of [
      ['POST', `${ORG}/vulnerabilities`, 'vulnerabilities: '],
      ['PUT', `${ORG}/vulnerability_reports/scan-1`, 'vulnerabilities: '],
      ['POST', `${DRAFT}/virtual_servers`, 'load balancers: '],
      ['GET', `${ORG}/reports?max_results=5`, 'reports: '],
    ] as const) {
      const { status, body } = await client.call(method, path, method === 'GET' ? undefined : {});
      const [refused] = body as [{ token: string; message: string }];
      expect([path, status, refused.token]).toEqual([path, 404, 'feature_not_supported']);
      expect(refused.message).toContain(words);
    }
  },
  'what the system itself did is told apart': async (client) => {
    for (const event of await client.list('/system_events?max_results=10'))
      expect(event['created_by']).toEqual({ system: {} });
  },
  'the newest version is the active one': async (client) => {
    await client.made(`${DRAFT}/ip_lists`, { name: name() });
    const made = await client.made(`${ORG}/sec_policy`, { update_description: 'the newest' });
    expect(await client.get(ACTIVE)).toEqual(made);
    expect(await client.list(`${ACTIVE}/modified_objects`)).not.toEqual([]);
  },
};
