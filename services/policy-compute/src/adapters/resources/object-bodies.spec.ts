/** What is said beside an object, whatever its type. */
import type { ProvisionableType } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { EMPTY_BOOK } from '../../domain/policy-book.js';
import type { PolicyObject } from '../../domain/policy-object.js';
import { kindOf } from '../../objects/kinds.js';
import { showObject } from './object-bodies.js';

const stamp = { at: '2026-01-01T00:00:00.000Z', by: { kind: 'user', id: '1' } } as const;
function why<T extends ProvisionableType>(type: T, said: Partial<PolicyObject<T>>): unknown {
  const object = { ...kindOf(type).empty('1'), ...said };
  const touched = { created: stamp, updated: stamp };
  const facts = { labels: new Map(), entities: new Map(), gone: new Map() };
  const view = { pversion: 'active', book: EMPTY_BOOK, facts };
  return showObject({ type, object, touched, updateType: null, entry: null } as never, view)['not_enforced'];
}

describe('an object of which something has no effect yet', () => {
  it('says so: names of hosts in IP lists and virtual services, and firewall settings', () => {
    expect(why('ip_lists', { fqdns: [{ fqdn: 'docker.io', description: '' }] })).toMatch(/names .* stored/);
    expect(why('virtual_services', { addresses: [{ fqdn: 'db.example.com' }] })).toMatch(/names .* stored/);
    expect(why('firewall_settings', {})).toMatch(/stored/);
  });

  it('and no other says it', () => {
    expect(
      why('ip_lists', { ranges: [{ from: '10.0.0.0/8', to: null, exclusion: false, description: '' }] }),
    ).toBeUndefined();
    expect(why('virtual_services', { addresses: [{ ip: '192.0.2.1' }] })).toBeUndefined();
    expect(why('services', {})).toBeUndefined();
  });
});
