/** Many workloads in one call, as REST clients make, change, label and delete them. */
import { randomUUID } from 'node:crypto';
import { CALLS } from '@ringfence/contracts';
import { tokenOf } from '@ringfence/resources/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE, expectContractedEvents, tellLabels, WEB } from './testing/inventory-client.js';
import { startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await tellLabels(world);
});
afterAll(() => world.close());

describe('many workloads over REST', () => {
  it('are labelled by a CSV file, all of it or nothing, or only told what it would change', async () => {
    const made: Record<string, unknown>[] = [];
    world.bus.serve(CALLS.labelResource, async ({ collection, op, ids, body }) => {
      if (collection === 'label_dimensions') return { body: [{ key: 'role' }, { key: 'env' }] };
      if (op === 'get') return { body: { ...made[Number(ids[0]) - 900], deleted: false } };
      const hrefs = (body as Record<string, unknown>[]).map(
        (label) => `/orgs/1/labels/${899 + made.push(label)}`,
      );
      return { body: hrefs.map((href) => ({ href, status: 'created' })) };
    });
    const hostname = randomUUID();
    const { body } = await world.rest('workloads', 'create', {
      body: { hostname, labels: [{ href: `/orgs/1/labels/${WEB}` }] },
    });
    const { href } = body as { href: string };
    const id = href.split('/').at(-1) ?? '';
    const labels = async () =>
      (
        (await world.rest('workloads', 'get', { ids: [id] })).body as { labels: { href: string }[] }
      ).labels.map((each) => each.href);
    const csv = `href,hostname,label: role,env\r\n,${hostname},Database,"Pre, prod"\r\n`;
    const load = (text: string, query: Record<string, string> = {}) =>
      world.rest('workloads', 'bulk_import', { body: text, query });
    expect(await tokenOf(load(csv))).toBe('input_validation_error');
    const told = {
      changes: [
        {
          ...{ href, hostname },
          labels: [
            { key: 'role', before: 'Web', after: 'Database' },
            { key: 'env', before: null, after: 'Pre, prod' },
          ],
        },
      ],
      ...{ unchanged_count: 0, created_labels: [{ key: 'env', value: 'Pre, prod' }] },
    };
    const create = { create_labels: 'true' };
    const dry = await load(csv, { ...create, dry_run: 'true' });
    expect(dry).toMatchObject({ body: { dry_run: true, ...told }, changes: [] });
    expect([await labels(), made]).toEqual([[`/orgs/1/labels/${WEB}`], []]);
    const loaded = await load(csv, create);
    expect(loaded.body).toEqual({ dry_run: false, ...told });
    const hrefs = (...ids: string[]) =>
      ids.map((each) => expect.objectContaining({ href: `/orgs/1/labels/${each}` }) as unknown);
    expect(loaded.changes).toEqual([
      {
        resource: { href, hostname },
        changes: { labels: { before: hrefs(WEB), after: hrefs(DATABASE, '900') } },
      },
    ]);
    expect(await labels()).toEqual([`/orgs/1/labels/${DATABASE}`, '/orgs/1/labels/900']);
    await load(`href,hostname,role\n${href},,-\n`, { delete_token: '-' });
    expect(await labels()).toEqual(['/orgs/1/labels/900']);
    const refused = async (text: string, query?: Record<string, string>) =>
      load(text, query).then(
        () => null,
        (error: unknown) => (error as { errors: { message: string }[] }).errors.map(({ message }) => message),
      );
    const head = 'href,hostname,role\n';
    expect(await refused(`${head}${',,\n'.repeat(1_001)}`)).toEqual([
      expect.stringMatching(/^body: line 1002: a file may have 1000 workloads/),
    ]);
    expect(await refused(`${head}${href},,Web\n${href},,"Web`)).toEqual([
      expect.stringMatching(/^body: line 3: it is no CSV/),
    ]);
    expect(await refused(`${head}${href},,Unheard of`)).toEqual([
      'line 2: there is no label role "Unheard of": say create_labels=true',
    ]);
    for (const formula of ['=1+1', '@SUM(A1)', "+cmd|'/C calc'!A0", '-2'])
      expect(await refused(`${head}${href},,"${formula}"`, create)).toEqual([
        `line 2: role: "${formula}" is a formula to a spreadsheet: no label is made of it`,
      ]);
    for (const wrong of ['href\n', 'href,hostname,role\n,nobody,Web\n', 'href,host"name'])
      expect(await tokenOf(load(wrong))).toBe('input_validation_error');
  });

  it('are made, changed and deleted in bulk, each answered in its place', async () => {
    const mark = randomUUID();
    const reference = { external_data_set: mark, external_data_reference: '1' };
    const created = (
      await world.rest('workloads', 'bulk_create', {
        body: [{ name: `a ${mark}`, ...reference }, { name: 5 }, { name: `b ${mark}` }],
      })
    ).body;
    expect(created).toMatchObject([
      { status: 'created' },
      { token: 'input_validation_error' },
      { status: 'created' },
    ]);
    const hrefs = (created as { href?: string }[]).map((each) => each.href);
    const updated = await world.rest('workloads', 'bulk_update', {
      body: [{ href: hrefs[0], description: 'first' }, { href: `/orgs/1/workloads/${randomUUID()}` }],
    });
    expect(updated.body).toMatchObject([{ href: hrefs[0], status: 'updated' }, { token: 'not_found_error' }]);
    expect(updated.changes).toMatchObject([
      { resource: { href: hrefs[0] }, changes: { description: { before: null, after: 'first' } } },
    ]);
    expect(Object.keys(updated.changes![0]!.changes)).toEqual(['description']);
    const byReference = `/orgs/1/workloads?external_data_set=${mark}&external_data_reference=1`;
    const gone = { href: `/orgs/1/workloads/${randomUUID()}` };
    // Nobody's reference is not the reference of all that have none.
    const halfAReference = { href: `/orgs/1/workloads?external_data_set=${mark}` };
    const deleted = await world.rest('workloads', 'bulk_delete', {
      body: [{ href: byReference }, { href: hrefs[2] }, gone, halfAReference],
    });
    expect(deleted.body).toMatchObject(
      [gone, halfAReference].map((each) => ({ ...each, errors: [{ token: 'not_found_error' }] })),
    );
    expect(deleted.changes).toMatchObject([
      { resource: { href: hrefs[0] }, changes: { description: { before: 'first', after: null } } },
      { resource: { href: hrefs[2] } },
    ]);
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(0);
  });

  it('are made in bulk by the thousand, in one transaction, and a repeat of known ones makes none', async () => {
    const mark = randomUUID();
    const hosts = Array.from({ length: 1_000 }, (_, n) => ({
      ...{ name: `${mark} ${n}`, labels: [{ href: `/orgs/1/labels/${n % 2 === 0 ? WEB : DATABASE}` }] },
      ...{ external_data_set: mark, external_data_reference: `${n}` },
    }));
    const create = async () =>
      (await world.rest('workloads', 'bulk_create', { body: hosts })).body as Record<string, unknown>[];
    expect(new Set((await create()).map(({ status }) => status))).toEqual(new Set(['created']));
    expect(new Set((await create()).map(({ token }) => token))).toEqual(
      new Set(['external_reference_not_unique']),
    );
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(1_000);
    const { rows } = await world.inventory().store.pool.query(
      `select count(*)::int as events, count(distinct xmin::text)::int as transactions
         from events where data ->> 'name' like $1`,
      [`${mark}%`],
    );
    expect(rows).toEqual([{ events: 1_000, transactions: 1 }]);
    const tooMany = [...hosts, { name: 'one more' }];
    expect(await tokenOf(world.rest('workloads', 'bulk_create', { body: tooMany }))).toBe(
      'input_validation_error',
    );
  });

  it('are made by one bulk call at a time: who comes meanwhile is told so, and nothing of his is done', async () => {
    const mark = randomUUID();
    const hosts = Array.from({ length: 200 }, (_, n) => ({ name: `${mark} ${n}` }));
    const calls = [1, 2, 3].map(() => world.rest('workloads', 'bulk_create', { body: hosts }));
    const refused = (await Promise.all(calls.map(tokenOf))).filter((token) => token !== undefined);
    expect(refused).toEqual(['too_many_requests_error', 'too_many_requests_error']);
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(200);
    expect((await world.rest('workloads', 'bulk_create', { body: hosts })).body).toHaveLength(200);
  });

  it('are not made for who has given up waiting', async () => {
    const mark = randomUUID();
    const late = { body: [{ name: `late ${mark}` }], until: Date.now() - 1 };
    expect(await tokenOf(world.rest('workloads', 'bulk_create', late))).toBe('request_timeout');
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(0);
  });

  it('of one bulk call know what those before them in the list changed', async () => {
    const mark = randomUUID();
    const bulk = async (op: string, body: unknown[]) =>
      (await world.rest('workloads', op, { body })).body as Record<string, unknown>[];
    const reference = (text: string) => ({ external_data_set: mark, external_data_reference: text });
    const created = await bulk('bulk_create', [
      { name: `a ${mark}`, ...reference('1') },
      { name: `b ${mark}`, ...reference('1') },
      { name: `c ${mark}`, labels: [WEB, DATABASE].map((id) => ({ href: `/orgs/1/labels/${id}` })) },
      { name: `d ${mark}`, ...reference('2') },
    ]);
    expect(created.map(({ status, token }) => token ?? status)).toEqual([
      ...['created', 'external_reference_not_unique', 'input_validation_error', 'created'],
    ]);
    const [a, , , d] = created.map(({ href }) => href);
    const updated = await bulk('bulk_update', [
      { href: a, ...reference('2') },
      { href: d, ...reference('3') },
      { href: a, ...reference('2'), description: 'moved' },
      { href: a, data_center: 'east' },
      { href: a, os_id: 'linux' },
    ]);
    expect(updated.map(({ status, token }) => token ?? status)).toEqual([
      ...['external_reference_not_unique', 'updated', 'updated', 'updated', 'updated'],
    ]);
    const [, idOfA = ''] = String(a).split('workloads/');
    expect((await world.rest('workloads', 'get', { ids: [idOfA] })).body).toMatchObject({
      ...{ external_data_reference: '2', description: 'moved', data_center: 'east', os_id: 'linux' },
    });
    const known = (await world.events('WorkloadChanged')).length;
    expect(await bulk('bulk_update', [{ href: a, os_id: 'linux' }])).toEqual([
      { href: a, status: 'updated' },
    ]);
    expect(await world.events('WorkloadChanged')).toHaveLength(known);
    expect(await bulk('bulk_delete', [{ href: a }, { href: a }, { href: d }])).toMatchObject([
      { href: a, errors: [{ token: 'workload_already_deleted' }] },
    ]);
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
