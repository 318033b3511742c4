/** Nothing is deleted that anything names, in draft or in what is still active: every type, every place that may name it, every form. */
import type { ProvisionableType } from '@ringfence/contracts';
import { isRejection } from '@ringfence/decider';
import { describe, expect, it } from 'vitest';
import { iptablesRules, settings, virtualService } from '../testing/named-builders.js';
import {
  boundary,
  command,
  drafted,
  ipList,
  labelGroup,
  markedForDeletion,
  provisioned,
  rule,
  ruleSet,
  service,
} from '../testing/policy-builders.js';
import type { PolicyEvent } from './policy-book.js';
import type { ObjectKey, PolicyObject } from './policy-object.js';
import { policyDecider } from './policy.decider.js';

interface User {
  readonly type: ProvisionableType;
  readonly naming: PolicyObject;
  /** The same without naming it. */
  readonly without: PolicyObject;
}

const LIST = { kind: 'ip_list', id: '2' } as const;
const GROUP = { kind: 'label_group', id: '2', exclusion: false } as const;
const SERVICE = { kind: 'service', id: '2' } as const;
const VIRTUAL = { kind: 'virtual_service', id: '2' } as const;
const inSet = (over: Parameters<typeof ruleSet>[1]): User => ({
  type: 'rule_sets',
  naming: ruleSet('9', over),
  without: ruleSet('9'),
});
const inRule = (over: Parameters<typeof rule>[1]): User => inSet({ rules: [rule('1', over)] });
const inDenyRule = (over: Partial<ReturnType<typeof rule>>): User =>
  inSet({ denyRules: [{ ...rule('1', over), override: false }] });
const inBoundary = (over: Parameters<typeof boundary>[1]): User => ({
  type: 'enforcement_boundaries',
  naming: boundary('9', over),
  without: boundary('9'),
});

const USERS: Record<
  string,
  { named: [ProvisionableType, PolicyObject]; token: string; by: Record<string, User> }
> = {
  'an IP list': {
    named: ['ip_lists', ipList('2')],
    token: 'ip-list-referenced',
    by: {
      'a provider': inRule({ providers: [LIST] }),
      'a consumer': inRule({ consumers: [LIST] }),
      "a deny rule's provider": inDenyRule({ providers: [LIST] }),
      "a deny rule's consumer": inDenyRule({ consumers: [LIST] }),
      "a boundary's provider": inBoundary({ providers: [LIST] }),
      "a boundary's consumer": inBoundary({ consumers: [LIST] }),
    },
  },
  'a service': {
    named: ['services', service('2')],
    token: 'service-referenced',
    by: {
      'a rule': inRule({ services: [SERVICE] }),
      'a deny rule': inDenyRule({ services: [SERVICE] }),
      'a boundary': inBoundary({ services: [SERVICE] }),
      'a virtual service': {
        type: 'virtual_services',
        naming: virtualService('9', { service: '2', ports: [] }),
        without: virtualService('9'),
      },
    },
  },
  'a label group': {
    named: ['label_groups', labelGroup('2')],
    token: 'label-group-referenced',
    by: {
      'a scope': inSet({ scopes: [[GROUP]] }),
      'a provider': inRule({ providers: [GROUP] }),
      'a consumer': inRule({ consumers: [GROUP] }),
      'a deny rule': inDenyRule({ consumers: [GROUP] }),
      'an iptables rule': inSet({ iptablesRules: iptablesRules([GROUP]) }),
      'a boundary': inBoundary({ consumers: [GROUP] }),
      'another group': {
        type: 'label_groups',
        naming: labelGroup('9', { subGroups: ['2'] }),
        without: labelGroup('9'),
      },
      'the firewall settings': {
        type: 'firewall_settings',
        naming: settings([[GROUP]]),
        without: settings([]),
      },
    },
  },
  'a virtual service': {
    named: ['virtual_services', virtualService('2')],
    token: 'virtual-service-referenced',
    by: {
      'a provider': inRule({ providers: [VIRTUAL] }),
      'a consumer': inRule({ consumers: [VIRTUAL] }),
    },
  },
};

const FORMS: Record<string, (user: User) => PolicyEvent[]> = {
  'a draft': ({ type, naming }) => [drafted(type, naming)],
  'what is active': ({ type, naming }) => [drafted(type, naming), provisioned(2, [type, naming.id])],
  'what is active, although the draft does not any more': ({ type, naming, without }) => [
    drafted(type, naming),
    provisioned(2, [type, naming.id]),
    drafted(type, without, 'update'),
  ],
  'what is marked for deletion, and active until then': ({ type, naming }) => [
    drafted(type, naming),
    provisioned(2, [type, naming.id]),
    markedForDeletion(type, naming.id),
  ],
  'a draft that is active without it': ({ type, naming, without }) => [
    drafted(type, without),
    provisioned(2, [type, naming.id]),
    drafted(type, naming, 'update'),
  ],
};

const cases = Object.entries(USERS).flatMap(([what, { named, token, by }]) =>
  Object.entries(by).flatMap(([who, user]) =>
    Object.entries(FORMS).map(([form, events]) => ({ what, who, form, named, token, user, events })),
  ),
);

const bookAfter = (events: readonly PolicyEvent[]) =>
  events.reduce(policyDecider.evolve, policyDecider.initial);
const deletion = ({ type, id }: ObjectKey) => command({ do: 'delete', type, id });

describe('a deletion', () => {
  it.each(cases)(
    'of $what is refused while it is named by $who in $form',
    ({ named, token, user, events }) => {
      const [type, object] = named;
      const before = [drafted(type, object), provisioned(1, [type, object.id])];
      const book = bookAfter([...before, ...events(user)]);
      expect(policyDecider.decide(book, deletion({ type, id: object.id }))).toMatchObject({
        reason: token,
        message: expect.stringContaining(`(${user.naming.id})`) as string,
      });
      const freed = bookAfter([
        ...before,
        ...events(user),
        drafted(user.type, user.without, 'update'),
        provisioned(3, [user.type, user.naming.id]),
      ]);
      expect(isRejection(policyDecider.decide(freed, deletion({ type, id: object.id })))).toBe(false);
    },
  );
});
