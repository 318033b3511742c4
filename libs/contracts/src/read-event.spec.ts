import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENTS } from './events.js';
import { eventContract, readEvent } from './read-event.js';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const released = readdirSync(FIXTURES).flatMap((file) => {
  const [, type, v] = /^event\.(\w+)\.v(\d+)\.json$/.exec(file) ?? [];
  if (type === undefined) return [];
  return [{ type, v: Number(v), data: JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as unknown }];
});

describe('an event that is read', () => {
  it('is of the newest version, whichever was released when it was written', () => {
    for (const event of released) {
      const { type, v, data } = readEvent(event);
      const newest = eventContract(type);
      expect({ type, v }).toEqual({ type, v: newest?.v });
      expect(newest?.schema.safeParse(data).success, `${type} of version ${event.v}`).toBe(true);
    }
    const all = Object.values(EVENTS).reduce((count, { versions }) => count + versions.length, 0);
    expect(released).toHaveLength(all);
  });

  it('says null for what its version did not say yet', () => {
    expect(readEvent({ type: 'LabelDeleted', v: 1, data: { id: '7' } })).toEqual({
      type: 'LabelDeleted',
      v: 2,
      data: { id: '7', key: null, value: null },
    });
  });

  it('is left as it came where it is of the newest version, fields of tomorrow included', () => {
    const event = { type: 'LabelDeleted', v: 2, data: { id: '7', key: 'role', value: 'Web', colour: 'red' } };
    expect(readEvent(event)).toBe(event);
  });

  it('is refused when it is newer than this program, or not what its version promised', () => {
    const read = (v: number, data: unknown) => () => readEvent({ type: 'LabelDeleted', v, data });
    expect(read(3, { id: '7' })).toThrow(expect.objectContaining({ code: 'event-too-new' }));
    expect(read(1, {})).toThrow(expect.objectContaining({ code: 'bad-event' }));
  });

  it('of a type that nobody here knows is nobody’s business', () => {
    const strange = { type: 'toString', v: 9, data: null };
    expect(readEvent(strange)).toBe(strange);
  });
});
