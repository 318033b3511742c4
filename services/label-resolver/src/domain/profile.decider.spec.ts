import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { profileDecider } from './profile.decider.js';
import type { Profile, ProfileEvent } from './profile.decider.js';

const cluster = '22222222-2222-4222-8222-222222222222';
const template: Profile = {
  id: '33333333-3333-4333-8333-333333333333',
  cluster,
  namespace: null,
  name: 'Default Profile',
  description: '',
  managed: false,
  linked: false,
  mode: 'visibility_only',
  assignments: {},
  visibilityLevel: 'flow_summary',
  isTemplate: true,
  isDiscovered: false,
};
const shop: Profile = {
  ...template,
  id: '44444444-4444-4444-8444-444444444444',
  namespace: 'shop',
  name: 'shop',
  linked: true,
  isTemplate: false,
  isDiscovered: true,
};
const templateMade: ProfileEvent = { type: 'ProfileCreated', data: template };
const shopMade: ProfileEvent = { type: 'ProfileCreated', data: shop };
const known = { types: ['role', 'app'], keyOf: { '1': 'app', '2': 'role' } };
const spec = specification(profileDecider);

describe('a container workload profile', () => {
  it('is made as the template of a new cluster, once', () => {
    const create = { type: 'create-template', id: template.id, cluster } as const;
    spec.given().when(create).then(templateMade);
    spec.given(templateMade).when(create).nothing();
  });
  it("is made for a discovered namespace as its cluster's template says", () => {
    const discover = { type: 'discover', id: shop.id, namespace: 'shop', template } as const;
    spec.given().when(discover).then(shopMade);
    spec.given(shopMade).when(discover).nothing();
    const managed = { ...template, managed: true, assignments: { app: { how: 'none' as const } } };
    spec
      .given()
      .when({ ...discover, template: managed })
      .then({
        type: 'ProfileCreated',
        data: { ...shop, managed: true, assignments: { app: { how: 'none' } }, ofTemplate: ['app'] },
      });
  });
  it('knows which of its assignments are the template’s still', () => {
    const both: Profile['assignments'] = { app: { how: 'fixed', label: '1' }, role: { how: 'none' } };
    const copied: Profile = { ...shop, assignments: both, ofTemplate: ['app', 'role'] };
    const assignments: Profile['assignments'] = { ...both, role: { how: 'fixed', label: '2' } };
    spec
      .given({ type: 'ProfileCreated', data: copied })
      .when({ type: 'change', change: { assignments }, known })
      .then({ type: 'ProfileChanged', data: { ...copied, assignments, ofTemplate: ['app'] } });
    spec
      .given({ type: 'ProfileCreated', data: copied })
      .when({ type: 'change', change: { managed: true }, known })
      .then({ type: 'ProfileChanged', data: { ...copied, managed: true } });
  });
  it('is linked when the namespace that it was prepared for appears', () => {
    const prepared = { ...shop, linked: false, isDiscovered: false, managed: true };
    spec
      .given()
      .when({ type: 'prepare', profile: prepared, known })
      .then({ type: 'ProfileCreated', data: prepared });
    spec
      .given(shopMade)
      .when({ type: 'prepare', profile: prepared, known })
      .rejected('container-workload-profile-namespace-must-be-unique');
    spec
      .given({ type: 'ProfileCreated', data: prepared })
      .when({ type: 'discover', id: shop.id, namespace: 'shop', template })
      .then({ type: 'ProfileChanged', data: { ...prepared, linked: true } });
  });
  it('takes only labels that exist, under their own type', () => {
    const change = (assignments: Profile['assignments']) =>
      ({ type: 'change', change: { assignments }, known }) as const;
    const fixed: Profile['assignments'] = { app: { how: 'fixed', label: '1' } };
    spec
      .given(shopMade)
      .when(change(fixed))
      .then({ type: 'ProfileChanged', data: { ...shop, assignments: fixed } });
    spec
      .given(shopMade)
      .when(change({ app: { how: 'fixed', label: '9' } }))
      .rejected('input-validation-error');
    spec
      .given(shopMade)
      .when(change({ app: { how: 'restricted', labels: ['2'] } }))
      .rejected('input-validation-error');
    spec
      .given(shopMade)
      .when(change({ planet: { how: 'none' } }))
      .rejected('input-validation-error');
  });
  it('is quiet when a change changes nothing', () => {
    spec
      .given(shopMade)
      .when({ type: 'change', change: { managed: false }, known })
      .nothing();
  });
  it('goes with its namespace when nobody touched it, and waits for it otherwise', () => {
    spec
      .given(shopMade)
      .when({ type: 'namespace-vanished', template })
      .then({ type: 'ProfileDeleted', data: { id: shop.id } });
    const managed: ProfileEvent = { type: 'ProfileChanged', data: { ...shop, managed: true } };
    spec
      .given(shopMade, managed)
      .when({ type: 'namespace-vanished', template })
      .then({ type: 'ProfileChanged', data: { ...shop, managed: true, linked: false } });
  });
  it('is deleted neither while its namespace exists nor as a template, but always with its cluster', () => {
    spec.given(shopMade).when({ type: 'delete' }).rejected('container-workload-profile-linked');
    spec.given(templateMade).when({ type: 'delete' }).rejected('container-workload-profile-is-template');
    spec
      .given(templateMade)
      .when({ type: 'end' })
      .then({ type: 'ProfileDeleted', data: { id: template.id } });
    spec.given().when({ type: 'end' }).nothing();
  });
});
