/** Of a label that one place names, that place alone is said, whichever it is: in draft, in what is active, and no more when it has gone from both. */
import { FIREWALL_SCOPES } from '@ringfence/contracts';
import type { ProvisionableType } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { iptablesRules, settings, virtualService } from '../testing/named-builders.js';
import { boundary, drafted, labelGroup, provisioned, rule, ruleSet } from '../testing/policy-builders.js';
import { groupKeys, usesOfLabels } from './label-usage.js';
import type { PolicyEvent } from './policy-book.js';
import type { PolicyObject } from './policy-object.js';
import { policyDecider } from './policy.decider.js';

const LABEL = { kind: 'label', id: '7', exclusion: false } as const;
const empty = settings([]);
const group = labelGroup('9', { key: 'app' });

/** By the word, and what else names it so: naming it, and the same without. */
const PLACES: readonly (readonly [string, ProvisionableType, PolicyObject, PolicyObject])[] = [
  ['label_group', 'label_groups', { ...group, labels: ['7'] }, group],
  ['ruleset', 'rule_sets', ruleSet('9', { scopes: [[LABEL]] }), ruleSet('9')],
  ['rule', 'rule_sets', ruleSet('9', { rules: [rule('1', { providers: [LABEL] })] }), ruleSet('9')],
  [
    'rule',
    'rule_sets',
    ruleSet('9', { denyRules: [{ ...rule('1', { consumers: [LABEL] }), override: false }] }),
    ruleSet('9'),
  ],
  ['rule', 'rule_sets', ruleSet('9', { iptablesRules: iptablesRules([LABEL]) }), ruleSet('9')],
  ['enforcement_boundary', 'enforcement_boundaries', boundary('9', { providers: [LABEL] }), boundary('9')],
  ['virtual_service', 'virtual_services', virtualService('9', { labels: ['7'] }), virtualService('9')],
  [
    'firewall_coexistence_scope',
    'firewall_settings',
    { ...empty, coexistence: [{ labels: ['7'], isPrimary: true, mode: null }] },
    empty,
  ],
  ...FIREWALL_SCOPES.map(
    (field) =>
      [
        field === 'blocked_connection_reject_scopes' ? 'blocked_connection_reject_scope' : field,
        'firewall_settings',
        { ...empty, scopes: { ...empty.scopes, [field]: [[LABEL]] } },
        empty,
      ] as const,
  ),
];

const bookAfter = (...events: PolicyEvent[]) => events.reduce(policyDecider.evolve, policyDecider.initial);
const placesOf = (label: string, ...events: PolicyEvent[]): string[] =>
  usesOfLabels(bookAfter(...events), [label]).flatMap(({ as }) => as);

describe('the use of a label', () => {
  it.each(PLACES)('as %s of %s is said, and no other', (word, type, naming, without) => {
    const named = [drafted(type, naming), provisioned(1, [type, naming.id])];
    const freed = drafted(type, without, 'update');
    expect(placesOf('7', drafted(type, naming))).toEqual([word]);
    expect(placesOf('7', ...named)).toEqual([word]);
    expect(placesOf('7', ...named, freed)).toEqual([word]);
    expect(placesOf('7', ...named, freed, provisioned(2, [type, naming.id]))).toEqual([]);
    expect(placesOf('8', ...named)).toEqual([]);
  });

  it('is said of its type where a group is of it, draft or active', () => {
    const made = [drafted('label_groups', group), provisioned(1, ['label_groups', group.id])];
    expect(groupKeys(bookAfter(...made), ['role', 'app'])).toEqual(['app']);
    expect(groupKeys(bookAfter(drafted('label_groups', group)), ['app'])).toEqual(['app']);
    expect(groupKeys(bookAfter(), ['app'])).toEqual([]);
  });
});
