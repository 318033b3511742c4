/** Random drafts, deletions, reverts and provisions: whatever is accepted leaves a policy that is whole. */
import { isRejection } from '@ringfence/decider';
import { makeLabelSet } from '@ringfence/labels';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { command } from '../testing/policy-builders.js';
import { asPossible, IDS, intents } from '../testing/policy-intents.js';
import { entryOf, objectsIn, policyObjects } from './policy-book.js';
import type { Form, PolicyBook } from './policy-book.js';
import { PolicyFeed } from './policy-feed.calculator.js';
import { policyDecider } from './policy.decider.js';
import { referencesOf } from './references.js';
import { StandingPolicy } from './standing-policy.js';

function danglingReferences(book: PolicyBook, form: Form): string[] {
  return [...objectsIn(book, form)].flatMap(({ type, object }) =>
    referencesOf(type, object).flatMap(({ kind, id }) => {
      if (kind === 'labels' || kind === 'workloads') return [];
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
        expect(standing.unit(makeLabelSet(POD).id)).toEqual(scratch.unit(makeLabelSet(POD).id));
        expect(new Map([...standing.groups].sort())).toEqual(new Map([...scratch.groups].sort()));
      }),
      { numRuns: 200 },
    );
  });
});
