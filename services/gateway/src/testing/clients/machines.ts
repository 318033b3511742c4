import { expect } from 'vitest';
import { DRAFT, name, ORG } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { label } from './labels.js';
import { lives, marked, readsBack } from './reads-back.js';

const WORKLOADS = `${ORG}/workloads`;

const host = (set: string): Record<string, unknown> => {
  const which = name();
  return { name: `${set}.${which}`, hostname: `${set}.${which}`, ...marked(set, which) };
};
const bulk = async (client: Client, op: string, body: unknown): Promise<readonly Item[]> => {
  const { status, body: results } = await client.call('PUT', `${WORKLOADS}/bulk_${op}`, body);
  expect(status).toBe(200);
  return results as readonly Item[];
};

export const workloads: Cases = {
  'a workload is found by a part of its name and changed': async (client) => {
    const set = name();
    const { href } = await client.made(WORKLOADS, host(set));
    expect((await client.list(`${WORKLOADS}?name=${set}`)).map((each) => each.href)).toEqual([href]);
    expect(await client.listLater(`${WORKLOADS}?name=${set}`)).toHaveLength(1);
    await client.put(href, { public_ip: '127.0.0.1', description: 'changed' });
    expect(await client.get(href)).toMatchObject({ public_ip: '127.0.0.1', description: 'changed' });
  },
  'workloads are made, changed and deleted by the dozen, each with its own result': async (client) => {
    const set = name();
    const made = await bulk(client, 'create', [host(set), host(set)]);
    expect(made.map((each) => each['status'])).toEqual(['created', 'created']);
    const change = made.map(({ href }) => ({ href, enforcement_mode: 'selective' }));
    const changed = await bulk(client, 'update', change);
    expect(changed).toEqual(
      made.map(({ href }) => expect.objectContaining({ href, status: 'updated' }) as unknown),
    );
    for (const each of await client.list(`${WORKLOADS}?external_data_set=${set}`))
      expect(each['enforcement_mode']).toBe('selective');
    expect(
      await bulk(
        client,
        'delete',
        made.map(({ href }) => ({ href })),
      ),
    ).toEqual([]);
    expect(await client.list(`${WORKLOADS}?external_data_set=${set}`)).toEqual([]);
  },
  'a workload lives as it is declared, two addresses of one interface included': async (client) => {
    const role = await label(client);
    const bare = {
      ...{ data_center: '', data_center_zone: '', os_id: '', os_detail: '', ignored_interface_names: [] },
      ...{ online: true, enforcement_mode: 'visibility_only', labels: [], interfaces: [] },
    };
    const named = {
      ...{ name: name(), description: 'some', hostname: 'example.workload', service_provider: 'some' },
      distinguished_name: 'cn=Lab,ou=integrations,o=Example,c=CA',
    };
    const interfaces = ['127.0.0.1', '::ffff:127.0.0.1'].map((address) => ({
      ...{ name: 'lo0', link_state: 'unknown', address },
    }));
    const nameless = { description: '', hostname: '', service_provider: '', distinguished_name: '' };
    await lives(client, WORKLOADS, { ...bare, ...named, interfaces, labels: [{ href: role.href }] }, [
      { ...bare, ...named, interfaces },
      { ...bare, ...named },
      { ...bare, ...nameless, name: name() },
    ]);
    await client.remove(role.href);
  },
  'a deleted workload stays readable, and another may be made like it': async (client) => {
    const body = { name: name(), hostname: 'example.workload' };
    const { href } = await client.made(WORKLOADS, body);
    await client.remove(href);
    expect(await client.get(href)).toMatchObject({ deleted: true });
    expect(await client.refused('DELETE', href)).toContain('already_deleted');
    expect((await client.made(WORKLOADS, body)).href).not.toBe(href);
    const listed = async (query: string): Promise<readonly string[]> =>
      (await client.list(`${WORKLOADS}?name=${body.name}&${query}`)).map((each) => each.href);
    expect(await listed('')).not.toContain(href);
    for (const yes of ['true', 'True', 'yes']) expect(await listed(`include_deleted=${yes}`)).toContain(href);
  },
  'an interface is added to a workload, with no address yet, and taken away': async (client) => {
    const { href } = await client.made(WORKLOADS, { name: name(), hostname: 'example.workload' });
    const made = [];
    for (const which of ['eth0', 'eth1']) {
      const body = { name: which, link_state: 'up', friendly_name: `Wired ${which}` };
      const { href: at } = await client.made(`${href}/interfaces`, body);
      await readsBack(client, at, body);
      made.push(at);
    }
    expect(made).toEqual([`${href}/interfaces/eth0`, `${href}/interfaces/eth1`]);
    expect(await client.list(`${href}/interfaces`)).toHaveLength(2);
    expect(await client.listLater(`${href}/interfaces`)).toHaveLength(2);
    for (const at of made) await client.remove(at);
  },
};

export const networks: Cases = {
  'the corporate network is found by its data centre, and takes an address of a virtual service': async (
    client,
  ) => {
    const [network] = await client.list(`${ORG}/networks?data_center=Corporate`);
    const address = { ip: '10.1.1.1', network: { href: network!.href }, port: 80 };
    const { href } = await client.made(`${DRAFT}/virtual_services`, {
      ...{ name: name(), service_ports: [{ proto: 6, port: 80 }], service_addresses: [address] },
    });
    await readsBack(client, href, { service_addresses: [address] });
    await client.remove(href);
  },
};

const PAIRING = `${ORG}/pairing_profiles`;
const locks = {
  ...{ role_label_lock: true, app_label_lock: true, env_label_lock: false, loc_label_lock: true },
  ...{
    log_traffic: false,
    log_traffic_lock: true,
    visibility_level: 'flow_off',
    visibility_level_lock: false,
  },
};

export const pairingProfiles: Cases = {
  'a profile reads back as it was answered when it was made, and is found by a part of its name': async (
    client,
  ) => {
    const [part, env] = [name(), await label(client, 'env')];
    const made = await client.made(PAIRING, {
      ...{ name: `${part}-a`, description: 'some', enabled: true, labels: [{ href: env.href }] },
      ...{
        enforcement_mode: 'visibility_only',
        enforcement_mode_lock: true,
        visibility_level: 'flow_summary',
      },
      ...{ visibility_level_lock: true, allowed_uses_per_key: 1, key_lifespan: 'unlimited' },
      ...{ role_label_lock: false, app_label_lock: false, env_label_lock: true, loc_label_lock: false },
      ...marked(part, name()),
    });
    expect(await client.get(made.href)).toEqual(made);
    expect(await client.list(`${PAIRING}?name=${part}`)).toHaveLength(1);
    await client.put(made.href, { enforcement_mode: 'selective' });
    expect(await client.get(made.href)).toMatchObject({ enforcement_mode: 'selective' });
    for (const each of [made, env]) await client.remove(each.href);
  },
  'a profile lives as it is declared': async (client) => {
    const [role, app] = [await label(client), await label(client, 'app')];
    const body = {
      name: name(),
      description: 'some',
      enabled: false,
      enforcement_mode: 'visibility_only',
      ...locks,
    };
    await lives(client, PAIRING, { ...body, labels: [{ href: role.href }] }, [
      { ...body, enabled: true, labels: [{ href: role.href }, { href: app.href }] },
      { ...body, enforcement_mode: 'idle', labels: [] },
      { ...body, name: name(), enforcement_mode: 'idle', labels: [], description: '' },
    ]);
    for (const each of [role, app]) await client.remove(each.href);
  },
  'how often and how long a key works is always said, also that there is no bound': async (client) => {
    const body = { name: name(), enabled: true, ...locks };
    const { href } = await client.made(PAIRING, { ...body, allowed_uses_per_key: 5, key_lifespan: 600 });
    expect(await client.get(href)).toMatchObject({ allowed_uses_per_key: 5, key_lifespan: 600 });
    await client.put(href, { ...body, allowed_uses_per_key: 'unlimited', key_lifespan: 'unlimited' });
    const unbounded = { allowed_uses_per_key: 'unlimited', key_lifespan: 'unlimited' };
    expect(await client.get(href)).toMatchObject({ ...unbounded, total_use_count: 0, is_default: false });
    for (let keys = 0; keys < 3; keys++)
      expect(await client.made(`${href}/pairing_key`, {})).toMatchObject({
        activation_code: expect.stringMatching(/./) as string,
      });
    await client.remove(`${href}/pairing_keys`);
  },
};
