import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.js';

describe('a CSV text', () => {
  it('is read back as it was written, whatever is in its fields', () => {
    const row = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
    const written = (rows: string[][], end: string): string =>
      rows.map((fields) => fields.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')).join(end);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
        expect(parseCsv(written(rows, end))).toEqual(rows);
      }),
    );
  });

  it.each([
    [
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,\r\n,b',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['a,', [['a', '']]],
    ['\uFEFFa,b', [['a', 'b']]],
    ['', []],
    ['a"b', null],
    ['"a', null],
    ['"a"b', null],
  ])('%j is %j', (text, rows) => expect(parseCsv(text)).toEqual(rows));
});
