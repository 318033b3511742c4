import { eventually } from '@ringfence/testing';
import { expect } from 'vitest';
import { DRAFT, ORG } from '../client.js';
import type { Cases, Item } from '../client.js';
import { label } from './labels.js';
import { readsBack } from './reads-back.js';

const SETTINGS = `${ORG}/settings`;

export const connection: Cases = {
  'a connection is proven by the health and the settings of its own organisation, and of no other': async (
    client,
  ) => {
    expect(await client.get('/health')).toEqual([expect.objectContaining({ status: 'normal' })]);
    await client.get(`${SETTINGS}/workloads`);
    expect((await client.call('GET', '/orgs/0/settings/workloads')).status).toBe(403);
  },
  'the version is one that compares as numbers': async (client) => {
    expect(await client.get('/product_version')).toMatchObject({
      version: expect.stringMatching(/^\d+(\.\d+)+/) as string,
    });
  },
  'a count comes without what it counts': async (client) => {
    await label(client);
    const { body, headers } = await client.call('GET', `${ORG}/labels?max_results=0`);
    expect(body).toEqual([]);
    const all = await client.list(`${ORG}/labels?max_results=${headers.get('x-total-count')}`);
    expect(all).toHaveLength(Number(headers.get('x-total-count')));
  },
  'each type is counted, and then loaded whole': async (client) => {
    const policy = ['ip_lists', 'label_groups', 'rule_sets', 'services', 'virtual_services'];
    const types = [
      'labels',
      'label_dimensions',
      'workloads',
      ...policy.map((type) => `sec_policy/draft/${type}`),
    ];
    for (const type of types) {
      const { headers } = await client.call('GET', `${ORG}/${type}`);
      const all = await client.list(`${ORG}/${type}?max_results=99999`);
      expect([type, String(all.length)]).toEqual([type, headers.get('x-total-count')]);
    }
  },
  'a request that has no body may say what it would be of': async (client) => {
    const json = { 'content-type': 'application/json' };
    expect((await client.call('GET', `${ORG}/labels`, undefined, json)).status).toBe(200);
    const { href } = await label(client);
    expect((await client.call('DELETE', href, undefined, json)).status).toBe(204);
  },
};

const QUERIES = `${ORG}/traffic_flows/async_queries`;

export const traffic: Cases = {
  'a query waits at first, is found among all of them, and says where its flows are when it is done': async (
    client,
  ) => {
    const all = { include: [[]], exclude: [] };
    const { body } = await client.call('POST', QUERIES, {
      ...{ query_name: 'as a client asks', sources: all, destinations: all, max_results: 1_500 },
      ...{ services: { include: [], exclude: [] }, policy_decisions: ['potentially_blocked', 'unknown'] },
      ...{ start_date: '2022-02-01T00:00:00Z', end_date: '2022-03-01T00:00:00Z' },
      sources_destinations_query_op: 'and',
    });
    const { href, status } = body as Item;
    expect(status).toBe('queued');
    const found = async (): Promise<Item | undefined> =>
      (await client.list(QUERIES)).find((each) => each.href === href);
    const done = await eventually(found, (query) => query?.['status'] === 'completed');
    expect(done).toMatchObject({ result: `${href}/download` });
    expect(await client.call('GET', `${href}/download`)).toMatchObject({ status: 200, body: [] });
    await client.remove(href);
  },
};

const FIREWALL = `${DRAFT}/firewall_settings`;
const scopes = {
  ...{ static_policy_scopes: [], containers_inherit_host_policy_scopes: [] },
  ...{
    blocked_connection_reject_scopes: [],
    loopback_interfaces_in_policy_scopes: [],
    firewall_coexistence: [],
  },
};
const seconds = (...each: readonly (readonly [string, number])[]): object[] =>
  each.map(([ven_type, value]) => ({ scope: [], value, ven_type }));

export const settings: Cases = {
  'the firewall settings are adopted by writing them': async (client) => {
    await client.put(FIREWALL, scopes);
    await readsBack(client, FIREWALL, { ...scopes, href: FIREWALL });
    await client.put(FIREWALL, { ...scopes, ike_authentication_type: 'psk' });
    await readsBack(client, FIREWALL, { ike_authentication_type: 'psk' });
  },
  'the settings of workloads change by kind of agent and scope, and say the kind that was not said': async (
    client,
  ) => {
    const path = `${SETTINGS}/workloads`;
    await client.put(path, {});
    const fields = ['workload_disconnected_timeout_seconds', 'workload_goodbye_timeout_seconds'] as const;
    for (const field of fields) {
      await client.put(path, { [field]: seconds(['', 3600]) });
      expect((await client.get(path))[field]).toContainEqual(
        expect.objectContaining({ ven_type: 'server', value: 3600 }),
      );
      await client.put(path, { [field]: seconds(['server', 900], ['endpoint', 1200]) });
      const shown = (await client.get(path))[field];
      for (const each of seconds(['server', 900], ['endpoint', 1200]))
        expect(shown).toContainEqual(expect.objectContaining(each));
    }
  },
  'the settings of events are adopted by writing them': async (client) => {
    const path = `${SETTINGS}/events`;
    const { format } = await client.get(path);
    expect(format).toMatch(/./);
    await client.put(path, { format: 'JSON' });
    await readsBack(client, path, { format: 'JSON' });
  },
  'a setting of the traffic collector lives as it is declared, and says its kind by a letter': async (
    client,
  ) => {
    const target = { dst_ip: '127.0.0.1', dst_port: 65535, proto: 6 };
    const { href } = await client.made(`${SETTINGS}/traffic_collector`, {
      ...{ transmission: 'broadcast', action: 'drop', target },
    });
    await readsBack(client, href, { href, transmission: 'B', action: 'drop', target });
    await client.put(href, { transmission: 'multicast', target: { ...target, dst_port: -1 } });
    await readsBack(client, href, { transmission: 'M', target: { ...target, dst_port: -1 } });
    await client.put(href, { transmission: 'U', target: { ...target, src_port: 99 } });
    expect(await client.get(href)).toMatchObject({
      ...{ transmission: 'U', target: { src_port: 99 } },
      not_enforced: expect.stringContaining('source ports') as string,
    });
    await client.list(`${SETTINGS}/traffic_collector`);
    await client.remove(href);
  },
};
