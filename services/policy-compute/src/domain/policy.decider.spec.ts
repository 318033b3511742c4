/** From drafts to a version in force, and back. */
import { specification } from '@ringfence/decider/testing';
import { describe, expect, it } from 'vitest';
import {
  command,
  drafted,
  ipList,
  labelGroup,
  LIST_IS_ACTIVE,
  markedForDeletion,
  provisioned,
  reverted,
  rule,
  ruleSet,
  service,
  usingList,
} from '../testing/policy-builders.js';
import { policyObjects } from './policy-book.js';
import type { PolicyEvent } from './policy-book.js';
import { policyDecider } from './policy.decider.js';

const { given } = specification(policyDecider);
const bookAfter = (...events: PolicyEvent[]) => events.reduce(policyDecider.evolve, policyDecider.initial);
const provision = (
  chosen: 'all' | { type: 'rule_sets' | 'ip_lists' | 'label_groups' | 'services'; id: string }[] = 'all',
) => command({ do: 'provision', chosen, note: '', workloadsAffected: 0 });

describe('deleting and reverting', () => {
  it('removes at once what was never active, and marks what is', () => {
    given(drafted('ip_lists', ipList('2')))
      .when(command({ do: 'delete', type: 'ip_lists', id: '2' }))
      .then(reverted('ip_lists', '2'));
    given(...LIST_IS_ACTIVE)
      .when(command({ do: 'delete', type: 'ip_lists', id: '2' }))
      .then(markedForDeletion('ip_lists', '2'));
  });

  it('accepts a change of what is marked for deletion, without effect', () => {
    given(...LIST_IS_ACTIVE, markedForDeletion('ip_lists', '2'))
      .when(command({ do: 'change', type: 'ip_lists', object: ipList('2', { name: 'back' }) }))
      .nothing();
  });

  it('refuses to delete what a draft names, and what is named by policy that is still active', () => {
    const remove = command({ do: 'delete', type: 'ip_lists', id: '2' });
    const using = ruleSet('1', { rules: [usingList('2')] });
    given(...LIST_IS_ACTIVE, drafted('rule_sets', using))
      .when(remove)
      .rejected('ip-list-referenced');
    given(
      ...LIST_IS_ACTIVE,
      drafted('rule_sets', using),
      provisioned(2, ['rule_sets', '1']),
      markedForDeletion('rule_sets', '1'),
    )
      .when(remove)
      .rejected('ip-list-referenced');
  });

  it('refuses to change or delete what every system starts with', () => {
    const seeds = policyDecider.decide(policyDecider.initial, command({ do: 'seed' })) as PolicyEvent[];
    given(...seeds)
      .when(command({ do: 'delete', type: 'ip_lists', id: '1' }))
      .rejected('object-is-built-in');
    given(...seeds)
      .when(command({ do: 'change', type: 'services', object: service('1') }))
      .rejected('object-is-built-in');
    given(...seeds)
      .when(command({ do: 'seed' }))
      .nothing();
  });

  it('says so when there is no such object', () => {
    given()
      .when(command({ do: 'delete', type: 'services', id: '7' }))
      .rejected('not-found-error');
    given()
      .when(command({ do: 'change', type: 'services', object: service('7') }))
      .rejected('not-found-error');
  });

  it('reverts all that is pending, or what is chosen', () => {
    const pending = [drafted('services', service('2')), drafted('ip_lists', ipList('3'))];
    given(...pending)
      .when(command({ do: 'revert', chosen: 'all' }))
      .then(reverted('ip_lists', '3'), reverted('services', '2'));
    given(...pending)
      .when(command({ do: 'revert', chosen: [{ type: 'services', id: '2' }] }))
      .then(reverted('services', '2'));
  });

  it('refuses to revert a new object alone that another draft names', () => {
    given(drafted('ip_lists', ipList('2')), drafted('rule_sets', ruleSet('1', { rules: [usingList('2')] })))
      .when(command({ do: 'revert', chosen: [{ type: 'ip_lists', id: '2' }] }))
      .rejected('revert-dependencies-missing');
  });
});

describe('provisioning', () => {
  const pending = [
    drafted('ip_lists', ipList('2')),
    drafted('rule_sets', ruleSet('1', { rules: [usingList('2')] })),
  ];

  it('makes the next version of everything pending', () => {
    given(...pending)
      .when(provision())
      .then(provisioned(1, ['ip_lists', '2'], ['rule_sets', '1']));
  });

  it('makes a version of a subset that stands on its own, and refuses one that does not', () => {
    given(...pending)
      .when(provision([{ type: 'ip_lists', id: '2' }]))
      .then(provisioned(1, ['ip_lists', '2']));
    given(...pending)
      .when(provision([{ type: 'rule_sets', id: '1' }]))
      .rejected('commit-dependencies-missing');
  });

  it('names in the refusal what is missing, however indirectly', () => {
    const book = bookAfter(
      drafted('label_groups', labelGroup('a')),
      drafted('label_groups', labelGroup('b', { subGroups: ['a'] })),
      drafted(
        'rule_sets',
        ruleSet('1', {
          rules: [rule('1', { providers: [{ kind: 'label_group', id: 'b', exclusion: false }] })],
        }),
      ),
    );
    const decision = policyDecider.decide(book, provision([{ type: 'rule_sets', id: '1' }]));
    expect(decision).toMatchObject({ message: expect.stringMatching(/"group b".*"group a"/) as string });
  });

  it('refuses the deletion of an object without the change that stops naming it', () => {
    const named = ruleSet('1', { rules: [usingList('2')] });
    given(
      ...pending,
      provisioned(1, ['ip_lists', '2'], ['rule_sets', '1']),
      drafted('rule_sets', { ...named, rules: [] }, 'update'),
      markedForDeletion('ip_lists', '2'),
    )
      .when(provision([{ type: 'ip_lists', id: '2' }]))
      .rejected('commit-dependencies-missing');
  });

  it('refuses a mixture of old and new label groups that hold one another', () => {
    given(
      drafted('label_groups', labelGroup('b')),
      drafted('label_groups', labelGroup('a', { subGroups: ['b'] })),
      provisioned(1, ['label_groups', 'a'], ['label_groups', 'b']),
      drafted('label_groups', labelGroup('a'), 'update'),
      drafted('label_groups', labelGroup('b', { subGroups: ['a'] }), 'update'),
    )
      .when(provision([{ type: 'label_groups', id: 'b' }]))
      .rejected('label-group-cycle');
  });

  it('refuses when nothing is pending, and tolerates what is not pending beside what is', () => {
    given(...LIST_IS_ACTIVE)
      .when(provision())
      .rejected('nothing-to-provision');
    given(...LIST_IS_ACTIVE, drafted('services', service('2')))
      .when(
        provision([
          { type: 'services', id: '2' },
          { type: 'ip_lists', id: '2' },
        ]),
      )
      .then(provisioned(2, ['services', '2']));
  });

  it('puts the drafts in force, and only then', () => {
    const draft = bookAfter(...pending);
    expect(policyObjects(draft, 'active').ip_lists).toEqual([]);
    expect(policyObjects(draft, 'draft').ip_lists).toHaveLength(1);
    const after = bookAfter(
      ...pending,
      provisioned(1, ['ip_lists', '2']),
      markedForDeletion('ip_lists', '2'),
    );
    expect(policyObjects(after, 'active')).toMatchObject({
      version: 1,
      ip_lists: [{ id: '2' }],
      rule_sets: [],
    });
    const deleted = bookAfter(
      ...LIST_IS_ACTIVE,
      markedForDeletion('ip_lists', '2'),
      provisioned(2, ['ip_lists', '2', 'delete']),
    );
    expect(policyObjects(deleted, 'active').ip_lists).toEqual([]);
    expect(policyObjects(deleted, 'draft').ip_lists).toEqual([]);
  });
});

describe('restoring an older version', () => {
  it('drafts the way back: what changed, what is gone, what is new since', () => {
    given(
      drafted('ip_lists', ipList('2', { name: 'now' })),
      drafted('services', service('2')),
      provisioned(1, ['ip_lists', '2'], ['services', '2']),
    )
      .when(
        command({
          do: 'restore',
          objects: [
            { type: 'ip_lists', object: ipList('2') },
            { type: 'ip_lists', object: ipList('3') },
          ],
        }),
      )
      .then(
        drafted('ip_lists', ipList('2'), 'update'),
        drafted('ip_lists', ipList('3')),
        markedForDeletion('services', '2'),
      );
  });

  it('brings back a name that another object has by now, and not without the end of that one', () => {
    const again = ipList('5', { name: 'list 2' });
    const restored = [
      drafted('ip_lists', again),
      provisioned(1, ['ip_lists', '5']),
      drafted('ip_lists', ipList('2'), 'create'),
      markedForDeletion('ip_lists', '5'),
    ];
    given(...restored)
      .when(provision([{ type: 'ip_lists', id: '2' }]))
      .rejected('commit-dependencies-missing');
    given(...restored)
      .when(provision())
      .then(provisioned(2, ['ip_lists', '5', 'delete'], ['ip_lists', '2']));
    given(...restored)
      .when(command({ do: 'revert', chosen: [{ type: 'ip_lists', id: '5' }] }))
      .rejected('revert-dependencies-missing');
  });

  it('asks of labels and workloads that are gone since no more than of those under a rule that stands', () => {
    const naming = rule('1', { consumers: [{ kind: 'label', id: '99', exclusion: false }] });
    const object = ruleSet('1', { rules: [naming] });
    const decision = policyDecider.decide(
      policyDecider.initial,
      command({ do: 'restore', objects: [{ type: 'rule_sets', object }] }),
    );
    expect(decision).toMatchObject([{ type: 'PolicyObjectDrafted', data: { updateType: 'create' } }]);
  });

  it('refuses while anything is pending', () => {
    given(drafted('services', service('2')))
      .when(command({ do: 'restore', objects: [] }))
      .rejected('pending-changes');
  });
});
