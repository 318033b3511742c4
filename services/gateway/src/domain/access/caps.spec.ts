import { describe, expect, it } from 'vitest';
import type { Caller } from '../rest-request.js';
import { capsOf } from './caps.js';
import type { Grant, Role } from './roles.js';

const LABEL = { kind: 'label', id: '1', key: 'app' } as const;
const grant = (role: Role): Grant => ({ role, scope: [LABEL] });
const caller = (...grants: Grant[]): Pick<Caller, 'grants'> => ({ grants });
const caps = (role: Role, collection: string) => capsOf(caller(grant(role)), collection);

describe('what somebody may do with what he is shown', () => {
  it('is everything, everywhere, for who administers, and nothing by a key that only reads', () => {
    expect(caps('owner', 'rule_sets')).toBeUndefined();
    expect(caps('admin', 'workloads')).toBeUndefined();
    expect(capsOf({ ...caller(grant('owner')), readsOnly: true }, 'rule_sets')).toEqual({});
  });

  it('is what his roles are for, and where', () => {
    const within = (role: Role) => [grant(role)];
    const manages = { write: within('ruleset_manager'), delete: within('ruleset_manager') };
    expect(caps('ruleset_manager', 'rule_sets')).toEqual(manages);
    expect(caps('ruleset_manager', 'sec_policy')).toEqual(manages);
    expect(caps('ruleset_manager', 'ip_lists')).toEqual({});
    expect(caps('ruleset_provisioner', 'rule_sets')).toEqual({ provision: within('ruleset_provisioner') });
    expect(caps('read_only', 'rule_sets')).toEqual({});
    expect(caps('workload_manager', 'pairing_profiles')).toEqual(
      Object.fromEntries(
        ['write', 'delete', 'unpair', 'generate_pairing_key'].map((cap) => [cap, within('workload_manager')]),
      ),
    );
  });

  it('adds up', () => {
    const both = caller(grant('ruleset_manager'), grant('ruleset_provisioner'));
    expect(Object.keys(capsOf(both, 'rule_sets') ?? {})).toEqual(['write', 'delete', 'provision']);
  });
});
