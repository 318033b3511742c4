import { isRejection } from '@ringfence/decider';
import { describe, expect, it } from 'vitest';
import { virtualService } from '../testing/named-builders.js';
import { drafted, markedForDeletion, provisioned, STAMP, command } from '../testing/policy-builders.js';
import type { PolicyEvent } from './policy-book.js';
import type { StoredBinding } from './policy-object.js';
import { policyDecider } from './policy.decider.js';

const ports = [
  { proto: 6, from: 80 },
  { proto: 17, from: 80, to: 90 },
];
const active = [
  drafted('virtual_services', virtualService('2', { ports })),
  provisioned(1, ['virtual_services', '2']),
];
const binding = (over: Partial<StoredBinding> = {}): StoredBinding => ({
  ...{ id: 'b1', virtualService: '2', workload: 'w1', portOverrides: [] },
  ...{ touched: { created: STAMP, updated: STAMP }, ...over },
});
const override = (over: object = {}) => ({ proto: 6, from: 80, newFrom: 8080, newTo: null, ...over });
const bookAfter = (...events: PolicyEvent[]) => events.reduce(policyDecider.evolve, policyDecider.initial);
const bound = (events: readonly PolicyEvent[], ...bindings: StoredBinding[]) =>
  policyDecider.decide(bookAfter(...events), command({ do: 'bind', bindings }));
const marked = (extras: StoredBinding['extras'] & object) => binding({ extras });

describe('a binding', () => {
  it.each<[string, readonly PolicyEvent[], StoredBinding, string, string]>([
    ['to what is not there', [], binding(), 'reference-not-found', 'virtual_service: 2 is not there'],
    [
      'to a draft',
      [drafted('virtual_services', virtualService('2'))],
      binding(),
      'virtual-service-not-active',
      'virtual_service: 2',
    ],
    [
      'to what is marked for deletion',
      [...active, markedForDeletion('virtual_services', '2')],
      binding(),
      'reference-not-found',
      'virtual_service: 2 is marked for deletion',
    ],
    [
      'to what was deleted',
      [
        ...active,
        markedForDeletion('virtual_services', '2'),
        provisioned(2, ['virtual_services', '2', 'delete']),
      ],
      binding(),
      'reference-not-found',
      'virtual_service: 2 is not there',
    ],
    ['of nobody', active, binding({ workload: 'nobody' }), 'reference-not-found', 'workload: '],
    [
      'that overrides a port within a range',
      active,
      binding({ portOverrides: [override({ proto: 17, from: 81 })] }),
      'input-validation-error',
      'port_overrides: no range of the virtual service begins at port 81 of protocol 17',
    ],
    [
      'that overrides a port of another protocol',
      active,
      binding({ portOverrides: [override({ proto: 132 })] }),
      'input-validation-error',
      'port_overrides: no range',
    ],
    [
      'that overrides a port twice',
      active,
      binding({ portOverrides: [override(), override({ newFrom: 9 })] }),
      'input-validation-error',
      'port_overrides: port 80 of protocol 6 is overridden twice',
    ],
    [
      'whose range ends before it begins',
      active,
      binding({ portOverrides: [override({ newTo: 8079 })] }),
      'input-validation-error',
      'port_overrides: new_to_port 8079 is below new_port 8080',
    ],
    [
      'with half a mark',
      active,
      marked({ external_data_set: 'cmdb' }),
      'input-validation-error',
      'external_data_set, external_data_reference: ',
    ],
    [
      'with the mark of one before it',
      active,
      marked({ external_data_set: 'cmdb', external_data_reference: '1' }),
      'external-reference-not-unique',
      'external_data_reference: ',
    ],
  ])('%s is refused by its place and its field, and nothing of its list is made', (...row) => {
    const [, events, wrong, reason, message] = row;
    const right = marked({ external_data_set: 'cmdb', external_data_reference: '1' });
    const list = events === active ? [right, wrong] : [wrong];
    expect(bound(events, ...list)).toMatchObject({
      ...{ reason, code: reason.endsWith('unique') ? 'ALREADY_EXISTS' : 'INVALID_ARGUMENT' },
      message: expect.stringContaining(`[${list.length - 1}].${message}`) as string,
    });
  });

  it('may override each range of its virtual service once', () => {
    const portOverrides = [override(), override({ proto: 17, newFrom: 1, newTo: 1 })];
    expect(isRejection(bound(active, binding({ portOverrides })))).toBe(false);
  });

  it('is ended once', () => {
    const ended = { type: 'ServiceUnbound', data: { id: 'b1' } } as const;
    const events: PolicyEvent[] = [...active, { type: 'ServiceBound', data: binding() }];
    const unbind = command({ do: 'unbind', id: 'b1' });
    expect(policyDecider.decide(bookAfter(...events), unbind)).toMatchObject([ended]);
    expect(policyDecider.decide(bookAfter(...events, ended), unbind)).toMatchObject({
      reason: 'not-found-error',
      code: 'NOT_FOUND',
    });
  });
});
