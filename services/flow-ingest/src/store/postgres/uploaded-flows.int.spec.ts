import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flowFilter } from '../../domain/flow-filter.js';
import { uploadedLines } from '../../domain/uploaded-lines.js';
import { startDatabase } from '../../testing/database.js';
import type { StartedDatabase } from '../../testing/database.js';
import { aQuery } from '../../testing/flow-examples.js';
import { uploadedFlows } from './uploaded-flows.js';
import type { UploadedRow } from '../port/uploaded-flows.js';

const RANGE = { from: '10.0.0.0/8', to: null, exclusion: false, description: '' };
const NAMES = { labelKey: () => 'app', groupLabels: () => [], ipRanges: () => [RANGE] };
const ANN = '/users/2';
const AT = new Date('2026-11-20T12:00:00.000Z');
const LABEL = { label: { href: '/orgs/1/labels/7' } };
const LIST = { ip_list: { href: '/orgs/1/sec_policy/active/ip_lists/7' } };

let started: StartedDatabase;
beforeAll(async () => {
  started = await startDatabase();
});
afterAll(() => started.close());
afterEach(async () => {
  await started.database.pool.query('truncate uploaded_flows');
});

const opened = (most?: number) => uploadedFlows(started.database.pool, 97, most);
const add = async (text: string, by = ANN, at = AT, most?: number): Promise<number> =>
  opened(most).add(uploadedLines(text)!, by, at);
async function found(query: object = {}): Promise<UploadedRow[]> {
  const bounds = { signal: new AbortController().signal, withinMs: 60_000 };
  return opened().search(flowFilter(aQuery(query), NAMES), bounds);
}
const ends = async (query: object): Promise<string[]> =>
  (await found(query)).map(({ src_ip: src, dst_ip: dst }) => `${src} ${dst}`);
const include = (item: object) => ({ include: [[item]], exclude: [] });
const exclude = (item: object) => ({ include: [[]], exclude: [item] });

describe('uploaded flows in Postgres', () => {
  it('are counted by day and by who uploaded them', async () => {
    await add('10.0.0.1,192.0.2.7,443,6\n10.0.0.1,192.0.2.7,443,6');
    await add('10.0.0.1,192.0.2.7,443,6', ANN, new Date(AT.getTime() + 60_000));
    await add('10.0.0.1,192.0.2.7,443,6', '/users/3');
    const same = { src_ip: '10.0.0.1', dst_ip: '192.0.2.7', proto: 6, port: 443, first_at: AT.toISOString() };
    expect(await found()).toEqual([
      { ...same, uploaded_by: ANN, times: 3, last_at: '2026-11-20T12:01:00.000Z' },
      { ...same, uploaded_by: '/users/3', times: 1, last_at: AT.toISOString() },
    ]);
  });

  it('are one flow in whatever form their addresses are written, whoever uploads them at the same moment', async () => {
    const forms = ['::1', '0::1', '0:0:0:0:0:0:0:1', '0000::0001', '::0.0.0.1'];
    const lines = forms.map((src) => `${src},2001:DB8::7,443,6`);
    await add(lines.join('\n'));
    const many = Array.from({ length: 200 }, (_, i) => `10.0.0.${i},2001:db8::7,443,6`);
    await Promise.all(
      [0, 1, 2, 3].map((turn) => add((turn % 2 === 0 ? many : [...many].reverse()).join('\n'))),
    );
    const all = await found({ max_results: 1_000 });
    expect(all).toHaveLength(201);
    expect(all.find(({ src_ip: src }) => src === '::1')).toMatchObject({ dst_ip: '2001:db8::7', times: 5 });
    expect(new Set(all.filter(({ src_ip: src }) => src !== '::1').map(({ times }) => times))).toEqual(
      new Set([4]),
    );
  });

  it('are found by what an address tells, and by nothing that only an agent could', async () => {
    await add('10.0.0.1,192.0.2.7,443,6\n192.0.2.8,224.0.0.1,53,17');
    const [first, second] = ['10.0.0.1 192.0.2.7', '192.0.2.8 224.0.0.1'];
    for (const [query, wanted] of [
      [{}, [first, second]],
      [{ sources: include({ ip_address: '10.0.0.0/8' }) }, [first]],
      [{ sources: include(LIST) }, [first]],
      [{ sources: exclude(LIST) }, [second]],
      [{ destinations: include({ transmission: 'multicast' }) }, [second]],
      [{ services: { include: [{ port: 443, proto: 6 }], exclude: [] } }, [first]],
      [{ sources: include(LABEL) }, []],
      [{ sources: include({ actors: 'ams' }) }, []],
      [{ sources: exclude(LABEL) }, [first, second]],
      [{ policy_decisions: ['unknown'] }, [first, second]],
      [{ policy_decisions: ['allowed', 'blocked', 'potentially_blocked'] }, []],
      [{ boundary_decisions: ['blocked'] }, []],
      [{ data_sources: { include: ['flowlink'] } }, [first, second]],
      [{ data_sources: { include: ['server'] } }, []],
      [{ data_sources: { exclude: ['flowlink'] } }, []],
      [{ start_date: '2026-11-21T00:00:00Z' }, []],
      [{ end_date: '2026-11-19T00:00:00Z' }, []],
      [{ max_results: 1 }, [first]],
      [{ max_results: 0 }, []],
    ] as const)
      expect([query, (await ends(query)).sort()]).toEqual([query, wanted]);
  });

  it('are so many and no more: the oldest go, and are counted', async () => {
    expect(await add('10.0.0.1,192.0.2.7,1,6\n10.0.0.1,192.0.2.7,2,6', ANN, AT, 2)).toBe(0);
    expect(await add('10.0.0.1,192.0.2.7,3,6', ANN, new Date(AT.getTime() + 1), 2)).toBe(1);
    expect((await found()).map(({ port }) => port)).toEqual([3, 1]);
  });

  it('go with their day', async () => {
    await add('10.0.0.1,192.0.2.7,443,6');
    await opened().prune('2027-02-20');
    expect(await found()).toHaveLength(1);
    await opened().prune('2027-03-20');
    expect(await found()).toEqual([]);
  });
});
