import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { unchangedLeftOut } from './unchanged.js';

const Part = z.strictObject({ href: z.string().optional(), port: z.number().optional() });
const Body = z.strictObject({
  name: z.string().optional(),
  mode: z.enum(['on', 'off']).optional(),
  parts: z.array(z.union([Part, z.strictObject({ actors: z.literal('ams') })])).optional(),
});
const left = (body: unknown, shown: unknown): unknown => unchangedLeftOut(Body, body, shown);
const [one, other] = [
  { href: '/1', port: 1, made: 'then' },
  { href: '/2', port: 2, made: 'later' },
];

describe('a body that says again what is shown', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['says what it may say', { name: 'a' }, { name: 'b' }, { name: 'a' }],
    [
      'says the rest, in whatever order, as it is',
      { caps: [], by: { b: 1, a: [2] } },
      { caps: [], by: { a: [2], b: 1 } },
      {},
    ],
    ['says what is otherwise', { caps: ['write'] }, { caps: [] }, { caps: ['write'] }],
    ['says what is not shown', { caps: [] }, {}, { caps: [] }],
    ['says a word that only answers have', { mode: 'dim' }, { mode: 'dim' }, {}],
    ['says null where nothing is', { mode: null }, { mode: null }, {}],
    ['says what is longer', { by: [1] }, { by: [1, 2] }, { by: [1] }],
    ['is a list', [one], [one], [one]],
    ['is nothing', null, { caps: [] }, null],
    [
      'lists what is known by its href in another order',
      { parts: [other, one] },
      { parts: [one, other] },
      {
        parts: [
          { href: '/2', port: 2 },
          { href: '/1', port: 1 },
        ],
      },
    ],
    [
      'lists what was made otherwise',
      { parts: [{ ...one, made: 'never' }, other] },
      { parts: [one, other] },
      {
        parts: [
          { ...one, made: 'never' },
          { href: '/2', port: 2 },
        ],
      },
    ],
    [
      'lists what one alternative alone would refuse',
      { parts: [{ actors: 'ams', port: 1 }] },
      { parts: [{ actors: 'ams', port: 1 }] },
      { parts: [{ actors: 'ams', port: 1 }] },
    ],
    [
      'lists a value that is refused',
      { parts: [{ href: '/1', port: 'one' }] },
      { parts: [{ href: '/1', port: 'one' }] },
      { parts: [{ href: '/1', port: 'one' }] },
    ],
    [
      'lists what is only known by its place',
      { parts: [{ actors: 'ams', made: 'then' }] },
      { parts: [{ actors: 'ams', made: 'then' }] },
      { parts: [{ actors: 'ams' }] },
    ],
  ])('%s', (_, body, shown, expected) => {
    const sent = structuredClone(body);
    expect(left(body, shown)).toEqual(expected);
    expect(body).toEqual(sent);
  });

  it('says what it likes of what is told and moves on by itself', () => {
    const body = { heard: 'then', caps: 'all', parts: [{ heard: 'then' }] };
    const shown = { heard: 'now', caps: [], parts: [{ heard: 'now' }] };
    expect(unchangedLeftOut(Body, body, shown, ['heard'])).toEqual({ caps: 'all', parts: body.parts });
  });

  it('is looked through quickly, however much it lists', () => {
    const parts = Array.from({ length: 10_000 }, (_, n) => ({ href: `/${n}`, made: n, by: { href: '/u' } }));
    const shown = { parts: [...parts].reverse(), caps: [] };
    expect(left({ parts, caps: [] }, shown)).toEqual({ parts: parts.map(({ href }) => ({ href })) });
  });

  it('says nothing about what objects are made of', () => {
    const body: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}');
    expect(JSON.stringify(left(body, {}))).toBe(JSON.stringify(body));
  });
});
