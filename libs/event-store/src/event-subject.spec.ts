import { EVENTS } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { eventSubject } from './relay.js';

const subjectOf = (type: string, stream: string): string => eventSubject({ type, stream, cluster: 'global' });

describe('the subject of an event', () => {
  it('is of its entity and id, also where both have dashes', () => {
    expect(subjectOf('LabelCreated', 'label-7')).toBe('evt.global.label.7');
    expect(subjectOf('LabelTypeDeleted', 'label-type-role')).toBe('evt.global.label-type.role');
    expect(subjectOf('PairingKeyIssued', 'pairing-profile-a-b')).toBe('evt.global.pairing-profile.a-b');
  });

  it('is there for every type of the contracts', () => {
    for (const [type, { entity }] of Object.entries(EVENTS))
      expect(subjectOf(type, `${entity}-1`)).toBe(`evt.global.${entity}.1`);
  });

  it('is refused for a type that is not in the contracts and for a stream of another entity', () => {
    expect(() => subjectOf('LabelPainted', 'label-7')).toThrow('LabelPainted is not in the contracts');
    expect(() => subjectOf('LabelCreated', 'profile-7')).toThrow('which is no label');
  });
});
