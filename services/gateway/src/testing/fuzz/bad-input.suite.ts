/** Whatever is sent: no fault of ours, a token and the field at fault, and nothing that is there by half. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../routes/routes.js';
import { DRAFT, name, ORG } from '../client.js';
import type { Client } from '../client.js';
import { judged, pathOf, sender } from './judging.js';
import type { Send } from './judging.js';
import { NESTED } from './mutations.js';
import { Known } from './references.js';
import { fuzzRequests } from './requests.js';
import type { FuzzRequest } from './requests.js';

/** `npm run fuzz` says other ones. */
const REQUESTS = Number(process.env['RINGFENCE_FUZZ_REQUESTS'] ?? 500);
const SEED = Number(process.env['RINGFENCE_FUZZ_SEED'] ?? 7);
const AT_ONCE = 4;
const LONGEST_MS = 3_600_000;

interface Place {
  urlOf(): string;
  newClient(): Promise<Client>;
}

export function badInputPromises(place: () => Place): void {
  const send = sender(() => place().urlOf());
  describe('bad input', () => {
    const what = `${REQUESTS} requests, seed ${SEED}`;
    it(`is no fault of ours, and told by its field: ${what}`, { timeout: LONGEST_MS }, async () => {
      const { wrong, statuses } = await fuzzed(send);
      expect(wrong).toEqual([]);
      expect(statuses).toEqual(expect.arrayContaining([200, 201, 204, 404, 406]));
    });
    it('leaves nothing behind where it was refused', () => refusedWhole(send));
    it.each(Object.entries(DIRECTED))('%s', async (_, run) => run(await place().newClient(), send));
  });
}

async function fuzzed(send: Send): Promise<{ wrong: string[]; statuses: number[] }> {
  const known = new Known();
  const [wrong, statuses] = [new Set<string>(), new Set<number>()];
  const requests = fc.sample(fuzzRequests(ROUTES), { numRuns: REQUESTS, seed: SEED }).values();
  const someone = async (): Promise<void> => {
    for (const request of requests) {
      const answer = await judged(send, request, known);
      statuses.add(answer.status);
      if (answer.wrong !== undefined) wrong.add(answer.wrong);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, someone));
  return { wrong: [...wrong].slice(0, 30), statuses: [...statuses] };
}

/** One after the other, because the number of what is there is looked at. */
async function refusedWhole(send: Send): Promise<void> {
  const known = new Known();
  const creations = ROUTES.filter(
    ({ op, path }) => op === 'create' && path.split('{').length <= 3 && !path.includes('users'),
  );
  const listed = (request: FuzzRequest): Promise<string | null> =>
    send('GET', `${pathOf({ ...request, query: {} }, known)}?max_results=0`).then(({ headers }) =>
      headers.get('x-total-count'),
    );
  for (const route of creations)
    for (const request of fc.sample(fuzzRequests([route]), { numRuns: 2, seed: SEED })) {
      const before = await listed(request);
      const { status } = await judged(send, request, known);
      if (status >= 400) expect([route.path, await listed(request)]).toEqual([route.path, before]);
    }
}

const LONG = 'x'.repeat(64 * 1024);

/** Each by its own words: what is refused, and what is taken as it is. */
const DIRECTED: Readonly<Record<string, (client: Client, send: Send) => Promise<void>>> = {
  'is a label group that holds itself, however far away': async (client) => {
    const group = (groups: readonly string[] = []): Promise<string> =>
      client
        .made(`${DRAFT}/label_groups`, {
          name: name(),
          key: 'app',
          sub_groups: groups.map((href) => ({ href })),
        })
        .then(({ href }) => href);
    const inner = await group();
    const outer = await group([await group([inner])]);
    for (const href of [outer, inner])
      expect(await client.refused('PUT', inner, { sub_groups: [{ href }] })).toBe('label_group_cycle');
    expect((await client.get(inner))['sub_groups']).toEqual([]);
  },
  'is a rule set of one rule more than 10,000, which it may have: refused by the field, as a whole': async (
    client,
  ) => {
    const rule = {
      providers: [{ actors: 'ams' }],
      consumers: [{ actors: 'ams' }],
      ingress_services: [{ proto: 6, port: 1 }],
    };
    const most = { name: name(), scopes: [], rules: Array.from({ length: 10_000 }, () => rule) };
    const { href } = await client.made(`${DRAFT}/rule_sets`, most);
    expect((await client.get(href))['rules']).toHaveLength(10_000);
    const body = { ...most, name: name(), rules: [...most.rules, rule] };
    const { status, body: errors } = await client.call('POST', `${DRAFT}/rule_sets`, body);
    expect([status, errors]).toEqual([
      406,
      [expect.objectContaining({ message: expect.stringMatching(/^rules: /) as unknown })],
    ]);
    expect(await client.list(`${DRAFT}/rule_sets?name=${body.name}`)).toEqual([]);
  },
  'is a name of 64 KB, in every collection that has names': async (client) => {
    for (const [path, more] of [
      ['ip_lists', {}],
      ['services', {}],
      ['rule_sets', { scopes: [] }],
      ['label_groups', { key: 'app' }],
      ['virtual_services', {}],
    ] as const)
      expect(await client.refused('POST', `${DRAFT}/${path}`, { name: LONG, ...more })).toBe(
        'input_validation_error',
      );
    expect(await client.refused('POST', `${ORG}/labels`, { key: 'app', value: LONG })).toBe(
      'input_validation_error',
    );
    expect(await client.refused('POST', `${ORG}/workloads`, { name: LONG })).toBe('input_validation_error');
  },
  'is not what only looks alike: each is kept as it was written': async (client) => {
    const value = name();
    for (const alike of [value, `${value}\u200d`, value.replace('n', 'ո'), `\u202e${value}`]) {
      const { href } = await client.made(`${ORG}/labels`, { key: 'app', value: alike });
      expect((await client.get(href))['value']).toBe(alike);
    }
  },
  'is what cannot be stored, in bodies and in queries': async (client, send) => {
    for (const value of ['a\u0000b', '\ud800', 'x\udfffy'])
      expect(await client.refused('POST', `${ORG}/labels`, { key: 'app', value })).toBe(
        'input_validation_error',
      );
    expect((await send('GET', `${ORG}/labels?value=a%00b`)).status).toBe(406);
    expect((await send('POST', `${ORG}/labels`, '{"key":"app","value":"\\ud800"}')).status).toBe(406);
  },
  'is JSON that is deeper than anything is': async (_, send) => {
    for (const text of NESTED)
      for (const path of [
        `${DRAFT}/rule_sets`,
        `${ORG}/labels`,
        `${ORG}/workloads`,
        `${ORG}/workloads/bulk_create`,
      ]) {
        const method = path.endsWith('bulk_create') ? 'PUT' : 'POST';
        const { status, text: errors } = await send(method, path, text);
        expect([path, status, errors]).toEqual([path, 400, expect.stringContaining('invalid_json')]);
      }
  },
  'is a number that is none, or none of ours': async (client, send) => {
    for (const port of ['1e999', '-1', '65536', '0.5', '9007199254740993', '1e308']) {
      const text = `{"name":"${name()}","service_ports":[{"proto":6,"port":${port}}]}`;
      const { status, text: errors } = await send('POST', `${DRAFT}/services`, text);
      expect([port, status, errors]).toEqual([port, 406, expect.stringContaining('service_ports[0].port')]);
    }
    expect((await send('GET', `${ORG}/labels?max_results=99999999999`)).status).toBe(406);
    expect((await client.call('GET', `${ORG}/labels?max_results=999999999`)).status).toBe(200);
  },
};
