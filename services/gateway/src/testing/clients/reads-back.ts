/** What a client that declares its objects does: write one whole, read it, and find nothing to change. */
import { expect } from 'vitest';
import type { Client, Item } from '../client.js';

type Body = Readonly<Record<string, unknown>>;

/** To such clients a text that is empty, a null and a field that is not there are the same. */
const isSomething = (value: unknown): boolean => value !== '' && value !== null && value !== undefined;

function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (isSomething(each) ? [[key, said(each)]] : [])),
  );
}

export async function readsBack(client: Client, href: string, sent: Body): Promise<Item> {
  const item = await client.get(href);
  expect(said(item)).toMatchObject(said(sent) as object);
  for (const key of Object.keys(sent)) {
    if (!isSomething(sent[key])) expect([key, isSomething(item[key])]).toEqual([key, false]);
  }
  return item;
}

/** Made, changed by each of the bodies in turn, and taken away. */
export async function lives(
  client: Client,
  path: string,
  first: Body,
  changes: readonly Body[] = [],
): Promise<void> {
  const { href } = await client.made(path, first);
  await readsBack(client, href, first);
  for (const change of changes) {
    await client.put(href, change);
    await readsBack(client, href, change);
  }
  await client.remove(href);
}

/** Its own mark of an object, as clients keep one to find theirs again. */
export const marked = (set: string, reference: string): Body => ({
  external_data_set: set,
  external_data_reference: reference,
});
/** As the clients send it that know no other way to say that there is none. */
export const UNMARKED: Body = { external_data_set: null, external_data_reference: null };
