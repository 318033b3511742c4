import type { PolicyObjects } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { LABELS, objectsWith } from '../testing/labelled-world.js';
import { rule, ruleSet } from '../testing/policy-builders.js';
import { nearestRules } from './nearest-rules.js';
import type { AskedConnection, AskedEnd } from './nearest-rules.js';

const labels = new Map(LABELS.map((one) => [one.id, one]));
const label = (id: string, exclusion = false) => ({ kind: 'label' as const, id, exclusion });
/** A web Pod of the shop in production asks its API on port 80. */
const web: AskedEnd = { workload: 'web', labels: ['1', '11', '21'], address: '10.0.0.1', lacksRule: true };
const api: AskedEnd = { workload: 'api', labels: ['2', '11', '21'], address: '10.0.0.2', lacksRule: true };
const asked = (over: Partial<AskedConnection> = {}): AskedConnection => ({
  from: web,
  to: api,
  proto: 6,
  ports: [80],
  ...over,
});
const near = (objects: PolicyObjects, connection = asked()) =>
  nearestRules(connection, { objects, labels }).map(({ ref, unmet }) => [ref.split('/').at(-1), ...unmet]);
const fits = { consumers: [label('1')], providers: [label('2')] };

describe('the nearest rules', () => {
  it.each([
    [
      'a label of the source',
      rule('7', { ...fits, consumers: [label('3')] }),
      'the source has role=web, wanted is role=db',
    ],
    [
      'a label of the destination, of several',
      rule('7', { ...fits, providers: [label('1'), label('3')] }),
      'the destination has role=api, wanted is role=web or role=db',
    ],
    [
      'an exclusion',
      rule('7', { ...fits, providers: [label('2', true)] }),
      'the destination has role=api, wanted is any role but role=api',
    ],
    [
      'a type of label that an end does not have',
      rule('7', { ...fits, consumers: [label('1'), label('99')] }),
      'the source has no a type that is gone, wanted is label 99',
    ],
    [
      'the port',
      rule('7', { ...fits, services: [{ kind: 'ports', ports: { proto: 6, from: 443 } }] }),
      'it is for 443/tcp',
    ],
    [
      'the protocol',
      rule('7', { ...fits, services: [{ kind: 'ports', ports: { proto: 17 } }] }),
      'it is for all of udp',
    ],
    ['that it is enabled', rule('7', { ...fits, enabled: false }), 'it is disabled'],
    [
      'a name',
      rule('7', { ...fits, providers: [{ kind: 'workload', id: 'other' }] }),
      'the destination is none of those that it names',
    ],
  ])('say that they miss %s', (_, one, words) => {
    expect(near(objectsWith(ruleSet('5', { rules: [one] })))).toEqual([['7', words]]);
  });

  it('say what their scope asks for, of both sides or of providers only', () => {
    const scoped = (unscopedConsumers: boolean) =>
      objectsWith(
        ruleSet('5', { scopes: [[label('12')]], rules: [rule('7', { ...fits, unscopedConsumers })] }),
      );
    const missed = (who: string): string =>
      `the ${who} has app=shop, wanted is app=bank, by the scope of its rule set`;
    expect(near(scoped(false))).toEqual([['7', missed('source'), missed('destination')]]);
    expect(near(scoped(true))).toEqual([['7', missed('destination')]]);
  });

  it('are few, those that miss the least, and none of which nothing fits', () => {
    const far = rule('9', {
      consumers: [label('3')],
      providers: [label('3')],
      services: [{ kind: 'ports', ports: { proto: 17 } }],
    });
    const two = rule('8', {
      ...fits,
      consumers: [label('3')],
      services: [{ kind: 'ports', ports: { proto: 17 } }],
    });
    const one = (id: string) => rule(id, { ...fits, consumers: [label('3')] });
    const objects = objectsWith(ruleSet('5', { rules: [two, far, one('1'), one('2'), one('3')] }));
    expect(near(objects).map(([id]) => id)).toEqual(['1', '2', '3']);
    expect(near(objectsWith(ruleSet('5', { rules: [two, far] }))).map(([id]) => id)).toEqual(['8']);
    expect(near(objectsWith(ruleSet('5', { rules: [far] })))).toEqual([]);
  });

  it('are none where a rule fits: something else decides', () => {
    expect(near(objectsWith(ruleSet('5', { rules: [rule('7', fits)] })))).toEqual([]);
  });

  it('know an end by its address where nobody judges, and take the port on either side of a Service', () => {
    const lists = {
      ip_lists: [
        {
          id: '1',
          name: '',
          description: '',
          ranges: [{ from: '203.0.113.0/24', to: null, exclusion: false, description: '' }],
          fqdns: [],
        },
      ],
    };
    const objects = {
      ...objectsWith(
        ruleSet('5', {
          rules: [rule('7', { consumers: [label('3')], providers: [{ kind: 'ip_list', id: '1' }] })],
        }),
      ),
      ...lists,
    };
    const to = { workload: null, labels: [], address: '203.0.113.7', lacksRule: false };
    expect(near(objects, asked({ to, ports: [8080, 80] }))).toEqual([
      ['7', 'the source has role=web, wanted is role=db'],
    ]);
    expect(
      near(objects, asked({ to: { ...to, address: '198.51.100.1' }, from: { ...web, labels: ['3'] } })),
    ).toEqual([['7', 'the destination is none of those that it names']]);
  });
});
