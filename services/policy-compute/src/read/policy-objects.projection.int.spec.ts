/** The tables and the fold are two readings of one history: whatever people do, both end in the same book. */
import { randomUUID } from 'node:crypto';
import { fold, isRejection } from '@ringfence/decider';
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE } from '../database.js';
import type { PolicyBook, PolicyEvent } from '../domain/policy-book.js';
import { policyDecider } from '../domain/policy.decider.js';
import type { PolicyIntent } from '../domain/policy.decider.js';
import { command, STAMP } from '../testing/policy-builders.js';
import { asPossible, intents } from '../testing/policy-intents.js';
import { loadBook } from './policy-objects.projection.js';

const META = { actor: { kind: 'user', id: '1' }, cluster: 'global' } as const;
const SEQUENCES = 40;
const LONGEST = 40;

let postgres: PostgresServer;
let store: EventStore;
beforeAll(async () => {
  postgres = await startPostgres();
  store = await openServiceStore(DATABASE, { config: { DATABASE_URL: postgres.url } });
});
afterAll(async () => {
  await store.close();
  await postgres.close();
});

/** Everything that a sequence leads to. */
function eventsOf(sequence: readonly PolicyIntent[]): PolicyEvent[] {
  const events: PolicyEvent[] = [];
  let book = policyDecider.initial;
  for (const [place, intent] of sequence.entries()) {
    const by = { kind: place % 5 === 0 ? 'service_account' : 'user', id: String(place % 3) } as const;
    const given = command(asPossible(book, intent), undefined, { ...STAMP, by });
    const decision = policyDecider.decide(book, given);
    if (isRejection(decision)) continue;
    events.push(...decision);
    book = fold(policyDecider, decision, book);
  }
  return events;
}

const inAnyOrder = ({ version, objects, secondPerson }: PolicyBook) => ({
  ...{ version, secondPerson },
  objects: Object.fromEntries(
    Object.entries(objects).map(([type, entries]) => [type, Object.fromEntries(entries)]),
  ),
});

describe('the book that is loaded from the tables', () => {
  it('is the fold of the events', async () => {
    const sequences = fc.sample(fc.array(intents, { minLength: 5, maxLength: LONGEST }), SEQUENCES);
    for (const sequence of sequences) {
      const events = eventsOf(sequence);
      await store.pool.query(
        'truncate events, policy_objects, policy_rule_drafts, policy_versions, policy_history, second_person',
      );
      for (const event of events) await store.append(`book-${randomUUID()}`, 0, [event], META);
      const loaded = inAnyOrder(await loadBook(store.entities));
      expect(loaded, JSON.stringify(sequence)).toEqual(inAnyOrder(fold(policyDecider, events)));
    }
  });
});
