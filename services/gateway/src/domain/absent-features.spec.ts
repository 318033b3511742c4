import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../routes/routes.js';
import { PUBLISHED } from '../testing/published-paths.js';
import { ABSENT_FEATURES, absentFeature } from './absent-features.js';
import { routeMatcher } from './route-match.js';

const match = routeMatcher(ROUTES);
const isServed = ({ method, path }: (typeof PUBLISHED)[number]): boolean =>
  match(method, path).kind === 'route';

describe('the published paths', () => {
  it('are each served, or of a feature that is named as not here', () => {
    expect(PUBLISHED.length).toBeGreaterThan(250);
    const neither = PUBLISHED.filter((each) => !isServed(each) && absentFeature(each.path) === undefined);
    expect(neither).toEqual([]);
  });

  it('make every feature that is named as not here, and its page names them all', () => {
    const refused = PUBLISHED.filter((each) => !isServed(each)).map(({ path }) => absentFeature(path));
    expect([...new Set(refused)].sort()).toEqual([...ABSENT_FEATURES].sort());
    const page = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');
    expect(ABSENT_FEATURES.filter((feature) => !page.includes(feature))).toEqual([]);
  });

  it('are told from what nobody published', () => {
    for (const path of [
      '/orgs/1/report',
      '/orgs/1',
      '',
      '/orgs/1/sec_policy',
      '/orgs/1/workloads/risk_details',
    ])
      expect([path, absentFeature(path)]).toEqual([path, undefined]);
    expect(absentFeature('/orgs/1/reports/7/download')).toBe('reports');
  });
});
