/** Random drafts, deletions, reverts and provisions: whatever is accepted leaves a policy that is whole. */
import { isRejection } from '@ringfence/decider';
import { makeLabelSet } from '@ringfence/labels';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { command, ipList, labelGroup, rule, ruleSet, service } from '../testing/policy-builders.js';
import { entryOf, objectsIn, policyObjects } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';
import { PolicyFeed } from './policy-feed.calculator.js';
import { policyDecider } from './policy.decider.js';
import type { PolicyIntent } from './policy.decider.js';
import { referencesOf } from './references.js';
import { StandingPolicy } from './standing-policy.js';

const IDS = ['1', '2', '3'] as const;
const anyId = fc.constantFrom(...IDS);
const ipLists = fc
  .record({ id: anyId, name: fc.constantFrom('a', 'b', 'c') })
  .map(({ id, name }) => ipList(`1${id}`, { name }));
const services = anyId.map((id) => service(`1${id}`));
const groups = fc
  .record({ id: anyId, subGroups: fc.subarray([...IDS]) })
  .map(({ id, subGroups }) => labelGroup(id, { labels: [id], subGroups }));
const ruleSets = fc
  .record({
    id: anyId,
    list: anyId,
    group: anyId,
    service: anyId,
    kind: fc.constantFrom('ip_list', 'label_group'),
  })
  .map(({ id, list, group, service: port, kind }) =>
    ruleSet(id, {
      rules: [
        rule(id, {
          consumers: [
            kind === 'ip_list'
              ? { kind, id: `1${list}` }
              : { kind: 'label_group', id: group, exclusion: false },
          ],
          services: [{ kind: 'service', id: `1${port}` }],
        }),
      ],
    }),
  );
const objects = fc.oneof(
  ipLists.map((object) => ({ type: 'ip_lists' as const, object })),
  services.map((object) => ({ type: 'services' as const, object })),
  groups.map((object) => ({ type: 'label_groups' as const, object })),
  ruleSets.map((object) => ({ type: 'rule_sets' as const, object })),
);
const chosen = fc.oneof(
  fc.constant('all' as const),
  fc.array(
    objects.map(({ type, object }) => ({ type, id: object.id })),
    { maxLength: 4 },
  ),
);
const intents: fc.Arbitrary<PolicyIntent> = fc.oneof(
  { weight: 6, arbitrary: objects.map((given) => ({ do: 'create' as const, ...given })) },
  { weight: 3, arbitrary: objects.map((given) => ({ do: 'change' as const, ...given })) },
  {
    weight: 2,
    arbitrary: objects.map(({ type, object }) => ({ do: 'delete' as const, type, id: object.id })),
  },
  { weight: 1, arbitrary: chosen.map((each) => ({ do: 'revert' as const, chosen: each })) },
  {
    weight: 3,
    arbitrary: chosen.map((each) => ({
      do: 'provision' as const,
      chosen: each,
      note: '',
      workloadsAffected: 0,
    })),
  },
);

/** Ids are given out once: a creation of what exists is a change. */
function asPossible(book: PolicyBook, intent: PolicyIntent): PolicyIntent {
  const exists = intent.do === 'create' && entryOf(book, intent.type, intent.object.id) !== undefined;
  return exists ? { ...intent, do: 'change' } : intent;
}

function danglingReferences(book: PolicyBook, form: Form): string[] {
  return [...objectsIn(book, form)].flatMap(({ type, object }) =>
    referencesOf(type, object).flatMap(({ kind, id }) => {
      if (kind === 'labels' || kind === 'workloads' || kind === 'virtual_services') return [];
      return entryOf(book, kind, id)?.[form] ? [] : [`${type}/${object.id} names ${kind}/${id}`];
    }),
  );
}

const POD = { cluster: 'c1', namespace: 'shop', class: 'pod', labels: ['1'] } as const;
function feedOfOnePod(): PolicyFeed {
  const feed = new PolicyFeed();
  for (const id of IDS) feed.setLabel(id, { id, key: 'role', value: id });
  feed.setEntity('w1', {
    ...POD,
    id: 'w1',
    kind: 'Deployment',
    name: 'w1',
    mode: 'full',
    addresses: [],
    node: null,
  });
  return feed;
}

describe('any sequence of drafts and provisions', () => {
  it('never leaves a draft or an active object that names what is not there', () => {
    fc.assert(
      fc.property(fc.array(intents, { maxLength: 40 }), (sequence) => {
        let book = policyDecider.initial;
        for (const intent of sequence) {
          const decision = policyDecider.decide(book, command(asPossible(book, intent)));
          if (isRejection(decision)) continue;
          book = decision.reduce(policyDecider.evolve, book);
          expect(danglingReferences(book, 'draft')).toEqual([]);
          expect(danglingReferences(book, 'active')).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('puts in force what computing from nothing would, and by provisions only', () => {
    fc.assert(
      fc.property(fc.array(intents, { maxLength: 40 }), (sequence) => {
        const feed = feedOfOnePod();
        const standing = new StandingPolicy();
        standing.apply(feed.flush('c1'));
        let book = policyDecider.initial;
        for (const intent of sequence) {
          const decision = policyDecider.decide(book, command(asPossible(book, intent)));
          if (isRejection(decision)) continue;
          book = decision.reduce(policyDecider.evolve, book);
          feed.setObjects(policyObjects(book, 'active'));
          const touched = standing.apply(feed.flush('c1'));
          if (intent.do !== 'provision') expect(touched).toEqual([]);
        }
        const fresh = feedOfOnePod();
        fresh.setObjects(policyObjects(book, 'active'));
        const scratch = new StandingPolicy();
        scratch.apply(fresh.flush('c1'));
        expect(standing.units.get(makeLabelSet(POD).id)).toEqual(scratch.units.get(makeLabelSet(POD).id));
        expect(new Map([...standing.groups].sort())).toEqual(new Map([...scratch.groups].sort()));
      }),
      { numRuns: 200 },
    );
  });
});
