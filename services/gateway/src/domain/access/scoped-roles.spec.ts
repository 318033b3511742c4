/**
 * Every role that is no administrator's, on every route that changes something: `.` no, `+` yes, `~` of what lies within, which the owner judges
 * (policy-compute: within-scope.spec.ts, inventory: reach.spec.ts). A route that is not here is nobody's but administrators'.
 */
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../routes/routes.js';
import type { Route } from '../route.js';
import type { Role } from './roles.js';
import { judge } from './who-may.js';

const COLUMNS: readonly Role[] = [
  ...(['read_only', 'global_object_provisioner', 'ruleset_manager', 'limited_ruleset_manager'] as const),
  ...(['ruleset_provisioner', 'ruleset_viewer', 'workload_manager'] as const),
];
const USUAL = ['create', 'update', 'delete'];
const MANAGERS = '..~~...';
const MACHINES = '......~';
const TABLE: readonly (readonly [collection: string, ops: readonly string[], may: string])[] = [
  ['rule_sets', USUAL, MANAGERS],
  ['rule_sets/sec_rules', USUAL, MANAGERS],
  ['rule_sets/deny_rules', USUAL, MANAGERS],
  ['sec_policy', ['revert'], MANAGERS],
  ['sec_policy', ['provision'], '.~..~..'],
  ['workloads', [...USUAL, 'bulk_create', 'bulk_update', 'bulk_delete', 'bulk_import', 'unpair'], MACHINES],
  ['workloads', ['set_flow_reporting_frequency'], MACHINES],
  ['agents', ['update', 'reassign'], MACHINES],
  ['workloads/interfaces', ['create', 'delete'], MACHINES],
  ['pairing_profiles', [...USUAL, 'pairing_key', 'delete_pairing_keys'], MACHINES],
  ['vens', ['update', 'unpair', 'upgrade', 'remote_action', 'authentication_recovery'], MACHINES],
  ['traffic_flows/async_queries', ['update', 'delete'], '+++++.+'],
  ['users/api_keys', USUAL, '.++++.+'],
  ['jobs', ['delete'], '+++++++'],
];
const NOBODY = '.......';
const JUDGING: readonly Route['answerer'][] = ['inventory', 'policy-compute'];

const words = ({ collection, op }: Route): string => `${collection} ${op}`;
function mayOf(role: Role, route: Route): string {
  const verdict = judge([{ role, scope: [] }], route);
  if (!verdict.may) return '.';
  return verdict.within === null ? '+' : '~';
}
const rowOf = (route: Route): string => COLUMNS.map((role) => mayOf(role, route)).join('');
const changing = ROUTES.filter(({ needs }) => needs === 'write');

describe('roles that are no administrators', () => {
  it('may change what this table says, on every route, and nothing else', () => {
    const expected = new Map(
      TABLE.flatMap(([collection, ops, may]) => ops.map((op) => [`${collection} ${op}`, may])),
    );
    for (const route of changing)
      expect([words(route), rowOf(route)]).toEqual([words(route), expected.get(words(route)) ?? NOBODY]);
    const known = new Set(changing.map(words));
    expect([...expected.keys()].filter((each) => !known.has(each))).toEqual([]);
  });

  it('are judged by an owner that tells by labels what lies within, wherever the table leaves it to one', () => {
    const left = ROUTES.filter(
      (route) => (route.needs === 'read' || route.needs === 'write') && rowOf(route).includes('~'),
    );
    expect(left.length).toBeGreaterThan(20);
    for (const route of left)
      expect([words(route), JUDGING]).toEqual([words(route), expect.arrayContaining([route.answerer])]);
  });

  it('read whole collections, but for a viewer of rule sets, who is shown those of his scope', () => {
    for (const route of ROUTES.filter(({ needs }) => needs === 'read')) {
      const row = rowOf(route);
      const isRuleSets = route.collection.startsWith('rule_sets');
      expect([words(route), row.includes('~')]).toEqual([words(route), isRuleSets]);
      if (isRuleSets) expect(row).toBe('+++++~+');
    }
  });
});
