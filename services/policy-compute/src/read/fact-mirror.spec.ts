import { eventOf } from '@ringfence/bus';
import { releasedEvents } from '@ringfence/testing';
import { describe, expect, it } from 'vitest';
import { FACTS } from '../manifest.js';
import { facts } from './fact-mirror.js';

describe('what policy is computed with', () => {
  it('is read from every version of its events that was ever released', () => {
    const released = releasedEvents(FACTS.map(({ filter }) => filter));
    expect(released.length).toBeGreaterThan(0);
    for (const message of released) {
      const { type } = message.payload;
      const [fact] = facts.told([eventOf(message)]);
      expect(fact?.state === null, type).toBe(/Deleted|Unlabelled/.test(type));
    }
  });
});
