import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.js';

const cellsOf = (text: string) => {
  const parsed = parseCsv(text);
  return 'rows' in parsed ? parsed.rows.map(({ cells }) => cells) : parsed.wrongAt;
};

describe('a CSV text', () => {
  it('is read back as it was written, whatever is in its fields', () => {
    const row = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
    const written = (rows: string[][], end: string): string =>
      rows.map((fields) => fields.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')).join(end);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
        expect(cellsOf(written(rows, end))).toEqual(rows);
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
    ['a"b', 1],
    ['x\n"a\nb', 2],
    ['"a\nb"\n"a"b', 3],
    ['a,b\rc,d', 1],
  ])('%j is %j', (text, rows) => expect(cellsOf(text)).toEqual(rows));

  it('says on which line each row begins', () => {
    const parsed = parseCsv('\uFEFFa\r\n"b\r\nb","c\n"\r\nd');
    expect('rows' in parsed && parsed.rows.map(({ line }) => line)).toEqual([1, 2, 5]);
  });
});
