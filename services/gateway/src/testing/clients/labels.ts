import { expect } from 'vitest';
import { DRAFT, name, ORG } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { lives, marked, readsBack, UNMARKED } from './reads-back.js';

const LABELS = `${ORG}/labels`;
const TYPES = `${ORG}/label_dimensions`;
const GROUPS = `${DRAFT}/label_groups`;

export const label = (client: Client, key = 'role', value = name()): Promise<Item> =>
  client.made(LABELS, { key, value });

/** Deleted softly: readable ever after, deleted once, its name free for another. */
async function staysReadable(client: Client, path: string, body: object): Promise<void> {
  const { href } = await client.made(path, body);
  await client.remove(href);
  expect(await client.get(href)).toMatchObject({ deleted: true });
  expect(await client.refused('DELETE', href)).toContain('already_deleted');
  const again = await client.made(path, body);
  expect(again.href).not.toBe(href);
  await client.remove(again.href);
}

export const labels: Cases = {
  'a label reads back as it was answered when it was made': async (client) => {
    const made = await client.made(LABELS, { key: 'role', value: name(), ...marked(name(), name()) });
    expect(await client.get(made.href)).toEqual(made);
  },
  'labels are found by a part of their value, of all types or of one': async (client) => {
    const part = name();
    for (const key of ['role', 'app', 'env', 'loc']) await label(client, key, `${part}-${key}`);
    expect(await client.list(`${LABELS}?value=${part}`)).toHaveLength(4);
    expect(await client.list(`${LABELS}?key=role&value=${part}`)).toHaveLength(1);
    expect(await client.listLater(`${LABELS}?value=${part}`)).toHaveLength(4);
  },
  'a value changes, with its key beside it and without': async (client) => {
    const value = name();
    await lives(client, LABELS, { key: 'app', value, ...UNMARKED }, [
      { value: name() },
      { key: 'app', value: name(), ...UNMARKED },
    ]);
  },
  'a deleted label stays readable and leaves its name to another': (client) =>
    staysReadable(client, LABELS, { key: 'app', value: name() }),
  'a mark finds what bears it and nothing else': async (client) => {
    const [set, reference] = [name(), name()];
    const { href } = await client.made(LABELS, { key: 'env', value: name(), ...marked(set, reference) });
    expect((await client.list(`${LABELS}?external_data_set=${set}`)).map((each) => each.href)).toEqual([
      href,
    ]);
    for (const path of [`${DRAFT}/ip_lists`, `${DRAFT}/services`, `${ORG}/workloads`, GROUPS])
      expect([path, await client.list(`${path}?external_data_set=${set}`)]).toEqual([path, []]);
  },
};

export const labelTypes: Cases = {
  'a type says of itself what was said of it, and no more': async (client) => {
    const key = `TF-${name()}`;
    const { href } = await client.made(TYPES, { key, display_name: key });
    expect(await readsBack(client, href, { key, display_name: key })).not.toHaveProperty('display_info');
    await client.remove(href);
  },
  'empty texts in what is displayed are as good as none': async (client) => {
    const key = `TF-${name()}`;
    const display = { icon: '', background_color: '', foreground_color: '', display_name_plural: '' };
    await lives(client, TYPES, { key, display_name: key, display_info: { ...display, initial: 'TS' } }, [
      { display_name: key, display_info: { ...display, initial: 'UP' } },
    ]);
  },
  'types are found by a part of their display name': async (client) => {
    const part = name();
    const made = [];
    for (const which of ['a', 'b'])
      made.push(await client.made(TYPES, { key: `${part}-${which}`, display_name: `${part}-${which}` }));
    expect(await client.list(`${TYPES}?display_name=${part}`)).toHaveLength(2);
    for (const { href } of made) await client.remove(href);
  },
  'a deleted type stays readable and leaves its key to another': (client) =>
    staysReadable(client, TYPES, { key: name(), display_name: 'Zone', display_info: { initial: 'TS' } }),
};

export const labelGroups: Cases = {
  'a group reads back as it was answered when it was made': async (client) => {
    const role = await label(client);
    const made = await client.made(GROUPS, {
      ...{ key: 'role', name: name(), description: 'some', labels: [{ href: role.href }] },
      ...marked(name(), name()),
    });
    expect(await client.get(made.href)).toEqual(made);
    await client.remove(made.href);
    await client.remove(role.href);
  },
  'labels may be sent whole, as they were read': async (client) => {
    const [first, second] = [await label(client), await label(client)];
    const { href } = await client.made(GROUPS, { key: 'role', name: name(), labels: [first] });
    const { labels: held } = await client.get(href);
    await client.put(href, { labels: [...(held as Item[]), second] });
    expect((await client.get(href))['labels']).toHaveLength(2);
  },
  'groups are found by type and a part of their name': async (client) => {
    const part = name();
    await client.made(GROUPS, { key: 'role', name: `${part}-a` });
    await client.made(GROUPS, { key: 'app', name: `${part}-b` });
    expect(await client.list(`${GROUPS}?key=role&name=${part}`)).toHaveLength(1);
    expect(await client.list(`${GROUPS}?name=${part}`)).toHaveLength(2);
    expect(await client.listLater(`${GROUPS}?name=${part}`)).toHaveLength(2);
  },
  'a group names the groups in it, and lets them go with its labels': async (client) => {
    const role = await label(client);
    const empty = { key: 'role', description: '', labels: [], sub_groups: [], ...UNMARKED };
    const inner = await client.made(GROUPS, { ...empty, name: name() });
    const [outer, change] = [name(), { description: '', labels: [], sub_groups: [], ...UNMARKED }];
    const full = { ...empty, name: outer, labels: [{ href: role.href }], sub_groups: [{ href: inner.href }] };
    const { href } = await client.made(GROUPS, full);
    await readsBack(client, href, full);
    expect((await client.get(href))['sub_groups']).toEqual([
      expect.objectContaining({ href: inner.href, name: inner['name'] }),
    ]);
    await client.put(href, { ...change, name: outer });
    expect(await client.get(href)).toMatchObject({ labels: [], sub_groups: [] });
    for (const each of [inner.href, role.href, href]) await client.remove(each);
  },
};
