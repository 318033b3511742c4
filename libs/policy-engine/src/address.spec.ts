import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, intervalToCidrs, parseAddress, parseCidr } from './address.js';
import { CidrSet } from './cidr-set.js';
import { cidrsOf } from './ip-list.js';
import { normalisePorts, onPorts } from './ports.js';

const range = (from: string, to: string | null = null, exclusion = false) => ({
  from,
  to,
  exclusion,
  description: '',
});

describe('addresses', () => {
  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['192.0.2.1', '192.0.2.1'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '::1.2.3',
  ])('takes %j for no address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('agrees with the platform on what is an address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 12 })), (text) => {
        expect(parseAddress(text)?.version ?? 0).toBe(isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0);
      }),
    );
  });

  it('reads back its own canonical text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseAddress(canonicalAddress(text)!)).toEqual(parseAddress(text));
      }),
    );
  });

  it('clears host bits of a CIDR and refuses what is none', () => {
    expect(intervalToCidrs(parseCidr('10.1.2.3/8')!)).toEqual(['10.0.0.0/8']);
    expect(intervalToCidrs(parseCidr('::1/0')!)).toEqual(['::/0']);
    for (const text of ['10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/-1', 'x/8'])
      expect(parseCidr(text)).toBeNull();
  });
});

describe('an IP list', () => {
  it('takes exclusions out, whatever the order', () => {
    expect(cidrsOf([range('10.0.0.4', '10.0.0.6', true), range('10.0.0.0/29')])).toEqual([
      '10.0.0.0/30',
      '10.0.0.7/32',
    ]);
  });

  it('merges what overlaps and what touches, in both families', () => {
    const ranges = [range('fd00::1'), range('10.0.1.0/24'), range('10.0.0.0', '10.0.0.255'), range('fd00::')];
    expect(cidrsOf(ranges)).toEqual(['10.0.0.0/23', 'fd00::/127']);
  });

  it('adds nothing for an entry that cannot be read, and is empty if an exclusion cannot be', () => {
    expect(cidrsOf([range('nonsense'), range('10.0.0.9', '10.0.0.1'), range('10.0.0.1', '::1')])).toEqual([]);
    expect(cidrsOf([range('0.0.0.0/0'), range('nonsense', null, true)])).toEqual([]);
  });

  it('contains exactly what its words say', () => {
    const byte = fc.integer({ min: 0, max: 40 });
    const part = fc.record({ from: byte, size: fc.integer({ min: 0, max: 12 }), exclusion: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.constantFrom('192.0.2.', 'fd00::'),
        (parts, prefix) => {
          const text = (value: number): string => prefix + (prefix === 'fd00::' ? value.toString(16) : value);
          const ranges = parts.map(({ from, size, exclusion }) =>
            range(text(from), text(from + size), exclusion),
          );
          const set = new CidrSet(cidrsOf(ranges));
          for (let value = 0; value < 55; value++) {
            const covering = parts.filter(({ from, size }) => from <= value && value <= from + size);
            const expected = covering.length > 0 && covering.every(({ exclusion }) => !exclusion);
            expect(set.contains(text(value))).toBe(expected);
          }
        },
      ),
    );
  });
});

describe('ports', () => {
  it('have one form for one meaning', () => {
    expect(
      normalisePorts([
        { proto: 17, from: 53 },
        { proto: 6, from: 81, to: 90 },
        { proto: 6, from: 80 },
      ]),
    ).toEqual([
      { proto: 6, from: 80, to: 90 },
      { proto: 17, from: 53, to: 53 },
    ]);
    expect(normalisePorts([{ proto: 6, from: 80 }, { proto: 6 }])).toEqual([{ proto: 6 }]);
    expect(normalisePorts([{ proto: 6, from: 80 }, { proto: -1 }])).toEqual([{ proto: -1 }]);
    expect(
      normalisePorts([
        { proto: 1, icmpType: 8, icmpCode: 0 },
        { proto: 1, icmpType: 8 },
      ]),
    ).toEqual([{ proto: 1, icmpType: 8 }]);
  });

  it('read ICMP type and code from the packet or from the number in its port', () => {
    const echo = [{ proto: 1, icmpType: 8, icmpCode: 0 }];
    expect(onPorts(echo, { proto: 1, port: 8 * 256, peer: '' })).toBe(true);
    expect(onPorts(echo, { proto: 1, port: 0, icmp: { type: 8, code: 0 }, peer: '' })).toBe(true);
    expect(onPorts(echo, { proto: 1, port: 8 * 256 + 1, peer: '' })).toBe(false);
  });
});
