import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../routes/routes.js';
import type { Route } from '../route.js';
import { ROLES } from './roles.js';
import type { Role } from './roles.js';
import { judge } from './who-may.js';

const JUDGED = ROUTES.filter(({ needs }) => needs === 'read' || needs === 'write');
const grantOf = (role: Role) => ({ role, scope: [] });
const answer = (role: Role, route: Route): string => {
  const verdict = judge([grantOf(role)], route);
  if (!verdict.may) return 'no';
  return verdict.within === null ? 'yes' : 'within';
};
/** What a role is answered, by route. */
const answers = (role: Role): Map<string, string> =>
  new Map(JUDGED.map((route) => [`${route.collection} ${route.op}`, answer(role, route)]));
const wordsOf = (role: Role, wanted: string, needs?: string): string[] =>
  JUDGED.filter((route) => answer(role, route) === wanted && (needs === undefined || route.needs === needs))
    .map(({ collection, op }) => `${collection} ${op}`)
    .filter((words, index, all) => all.indexOf(words) === index);
/** Of himself. */
const OWN = /^(users (login|logout)|users\/api_keys |login_users |jobs |datafiles |noop |product_version )/;
const ADMINISTRATION =
  /^(users(\/(local_profile|orgs))?|api_keys|service_accounts(\/api_keys)?|permissions|auth_security_principals|access_restrictions|authentication_settings.*|settings\/(syslog\/destinations|events|traffic_collector|trusted_proxy_ips)) /;

describe('who may do what', () => {
  it('has an answer for every role and every route, and none for who has no role but about himself', () => {
    for (const role of ROLES) expect(answers(role).size).toBeGreaterThan(60);
    for (const route of JUDGED) {
      const words = `${route.collection} ${route.op}`;
      const isOwn = OWN.test(words) && !(route.collection === 'users/api_keys' && route.needs === 'write');
      expect([words, judge([], route).may]).toEqual([words, isOwn]);
    }
  });

  it('lets an owner do everything', () => {
    for (const [words, verdict] of answers('owner')) expect([words, verdict]).toEqual([words, 'yes']);
  });

  it('lets an administrator do everything but say who may', () => {
    for (const [words, verdict] of answers('admin')) {
      const isOwners = ADMINISTRATION.test(words) && !OWN.test(words);
      const isSetting = /^(settings|optional_features) update$/.test(words);
      expect([words, verdict]).toEqual([words, isOwners || isSetting ? 'no' : 'yes']);
    }
  });

  it('lets who only reads read all but that, and change nothing but what he asked for himself', () => {
    for (const words of wordsOf('read_only', 'yes', 'write'))
      expect(words).toMatch(/^(jobs|traffic_flows\/async_queries) /);
    expect(wordsOf('read_only', 'within')).toEqual([]);
    for (const words of wordsOf('read_only', 'no', 'read'))
      expect(/^support_report/.test(words) || ADMINISTRATION.test(words), words).toBe(true);
    expect(wordsOf('read_only', 'yes', 'read')).toContain('workloads list');
  });

  it('has the others change what their owner judges, and nothing else', () => {
    const others = /^(jobs|traffic_flows\/async_queries|users\/api_keys) /;
    const within = (role: Role): string[] =>
      wordsOf(role, 'within').map((words) => words.slice(0, words.lastIndexOf(' ')));
    for (const role of ROLES) {
      if (role === 'owner' || role === 'admin') continue;
      for (const words of wordsOf(role, 'yes', 'write')) expect(words).toMatch(others);
    }
    for (const role of ['ruleset_manager', 'limited_ruleset_manager'] as const)
      expect(new Set(within(role))).toEqual(
        new Set(['rule_sets', 'rule_sets/sec_rules', 'rule_sets/deny_rules', 'sec_policy']),
      );
    for (const role of ['ruleset_provisioner', 'global_object_provisioner'] as const)
      expect(wordsOf(role, 'within')).toEqual(['sec_policy provision']);
    for (const each of within('workload_manager'))
      expect(each).toMatch(/^(workloads|pairing_profiles|vens|agents)/);
    expect(wordsOf('workload_manager', 'within')).toContain('workloads bulk_delete');
  });

  it('shows a viewer of rule sets what rules are made of, and of rule sets what its owner judges', () => {
    expect(wordsOf('ruleset_viewer', 'within')).toContain('rule_sets/sec_rules list');
    expect(wordsOf('ruleset_viewer', 'yes')).toContain('ip_lists get');
    for (const words of ['workloads list', 'events list', 'traffic_flows/async_queries create'])
      expect(wordsOf('ruleset_viewer', 'no')).toContain(words);
  });

  it('adds up what somebody was given', () => {
    const route = JUDGED.find(({ collection, op }) => collection === 'workloads' && op === 'update')!;
    const both = judge([grantOf('read_only'), grantOf('workload_manager')], route);
    expect(both).toEqual({ may: true, within: [grantOf('workload_manager')] });
    expect(judge([grantOf('workload_manager'), grantOf('admin')], route)).toEqual({
      may: true,
      within: null,
    });
  });

  it('closes what nobody has thought of', () => {
    const unheard = { collection: 'something_new', op: 'burn' } as const;
    const may = (needs: 'read' | 'write'): Role[] =>
      ROLES.filter((role) => judge([grantOf(role)], { ...unheard, needs }).may);
    expect(may('write')).toEqual(['owner', 'admin']);
    expect(may('read')).toEqual(ROLES.filter((role) => role !== 'ruleset_viewer'));
  });
});
