import { describe, expect, it } from 'vitest';
import { planImport } from './label-import.js';

const host = (id: string, hostname: string, labels: Record<string, string> = {}) => ({
  ...{ id, hostname, labels: new Map(Object.entries(labels)) },
});
const hosts = [host('1', 'web', { role: 'Web', env: 'Test' }), host('2', 'db'), host('3', 'db')];
const around = { hosts, types: new Set(['role', 'env']), deleteToken: 'none' };
const plan = (...lines: string[]) =>
  planImport(
    lines.map((text, at) => ({ line: at + 1, cells: text.split(',') })),
    around,
  );

describe('a table of hosts and labels', () => {
  it('changes what its cells say, and leaves what they are silent of', () => {
    expect(
      plan('href,hostname,label: role,env,owner', '/orgs/1/workloads/1,,Proxy,none,me', '2,,,,'),
    ).toEqual({
      changes: [
        {
          ...{ id: '1', line: 2, hostname: 'web' },
          labels: [
            { key: 'role', before: 'Web', after: 'Proxy' },
            { key: 'env', before: 'Test', after: null },
          ],
        },
      ],
      unchanged: 1,
      problems: [],
    });
    expect(plan('href,hostname,role', ',web,Web', ',,')).toEqual({ changes: [], unchanged: 1, problems: [] });
  });

  it.each([
    ['hostname,href', 'line 1: the first two columns are href and hostname'],
    ['href,hostname,label: planet', 'line 1: there is no label type "planet"'],
    ['href,hostname,role|9,,x', 'line 2: there is no workload 9'],
    ['href,hostname,role|,cache,x', 'line 2: there is no workload of hostname "cache"'],
    ['href,hostname,role|,db,x', 'line 2: several workloads are of hostname "db": say which by its href'],
    ['href,hostname,role,label: role', 'line 1: two columns are of label type "role"'],
    [
      'href,hostname,env|1,,Pre, prod',
      'line 2: it has more cells than the first line: put a value that has a comma in quotes',
    ],
    [`href,hostname,role|1,,${'x'.repeat(256)}`, 'line 2: role: the value is longer than 255 characters'],
    [
      'href,hostname,role|1,,two\nlines',
      'line 2: role: the value holds a line end or another control character',
    ],
    ['href,hostname,role|1,,x|,web,y', 'line 3: line 2 is of the same workload'],
  ])('says of %s: %s', (lines, problem) => expect(plan(...lines.split('|')).problems).toEqual([problem]));
});
