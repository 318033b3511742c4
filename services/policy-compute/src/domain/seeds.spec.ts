import { describe, expect, it } from 'vitest';
import { command, drafted, provisioned, ruleSet } from '../testing/policy-builders.js';
import type { PolicyBook, PolicyEvent } from './policy-book.js';
import type { PolicyIntent } from './policy.decider.js';
import { policyDecider } from './policy.decider.js';
import { isSeed } from './seeds.js';

const decided = (book: PolicyBook, intent: PolicyIntent): readonly PolicyEvent[] => {
  const events: unknown = policyDecider.decide(book, command(intent));
  expect(events).toBeInstanceOf(Array);
  return events as readonly PolicyEvent[];
};
const after = (events: readonly PolicyEvent[], book = policyDecider.initial): PolicyBook =>
  events.reduce(policyDecider.evolve, book);
const whole = after(decided(policyDecider.initial, { do: 'seed' }));

describe('what every system starts with', () => {
  it('is in force as version 1, and is not made twice', () => {
    expect(whole.version).toBe(1);
    expect(whole.objects.firewall_settings.get('1')).toMatchObject({ updateType: null });
    expect(decided(whole, { do: 'seed' })).toEqual([]);
  });

  it('comes to a system that ran before it knew of it, as a version of its own', () => {
    const objects = { ...whole.objects, firewall_settings: new Map() };
    const older: PolicyBook = { ...whole, version: 7, objects };
    const events = decided(older, { do: 'seed' });
    expect(events.map((event) => event.type)).toEqual(['PolicyObjectDrafted', 'PolicyProvisioned']);
    expect(after(events, older)).toEqual({ ...whole, version: 8 });
  });

  it('stays when a version is restored that did not have it', () => {
    const book = after([drafted('rule_sets', ruleSet('5')), provisioned(2, ['rule_sets', '5'])], whole);
    const restored = after(decided(book, { do: 'restore', objects: [] }), book);
    const kept = Object.entries(restored.objects).flatMap(([type, entries]) =>
      [...entries.values()].filter(({ draft }) => draft !== null).map(({ id }) => `${type}/${id}`),
    );
    expect(kept).toEqual(['ip_lists/1', 'services/1', 'firewall_settings/1']);
    expect(isSeed({ type: 'rule_sets', id: '5' })).toBe(false);
  });
});
