import { describe, expect, it } from 'vitest';
import { MOST_LINES, uploadedLines } from './uploaded-lines.js';

describe('uploaded flows', () => {
  it('are read line by line, the same ones counted', () => {
    const read = uploadedLines(
      '10.0.0.1,10.0.0.2,443,6\r\n\n 10.0.0.1 , 10.0.0.2,443 ,6\n2001:db8::1,2001:db8::2,53,17',
    );
    expect(read?.received).toBe(3);
    expect([...(read?.flows.values() ?? [])]).toEqual([
      { flow: { src: '10.0.0.1', dst: '10.0.0.2', port: 443, proto: 6 }, times: 2 },
      { flow: { src: '2001:db8::1', dst: '2001:db8::2', port: 53, proto: 17 }, times: 1 },
    ]);
    expect(read?.failed).toEqual([]);
  });

  it.each([
    ['10.0.0.1,10.0.0.2,443', '3 fields'],
    ['10.0.0.1,10.0.0.2,443,6,allowed', '5 fields'],
    ['web-1,10.0.0.2,443,6', 'src'],
    ['10.0.0.1,10.0.0.0/8,443,6', 'dst'],
    ['10.0.0.1,fe80::1%eth0,443,6', 'dst'],
    ['10.0.0.1,10.0.0.2,65536,6', 'port'],
    ['10.0.0.1,10.0.0.2,-1,6', 'port'],
    ['10.0.0.1,10.0.0.2,0x10,6', 'port'],
    ['10.0.0.1,10.0.0.2,443,tcp', 'proto'],
    ['10.0.0.1,10.0.0.2,443,256', 'proto'],
    ['10.0.0.1,10.0.0.2,443,', 'proto'],
  ])('of which %j is none: %s', (line, words) => {
    const read = uploadedLines(`${line}\n10.0.0.1,10.0.0.2,443,6`);
    expect(read).toMatchObject({ received: 2, failed: [expect.stringContaining(words) as string] });
    expect(read?.flows.size).toBe(1);
    expect(read?.failed[0]).toContain(line);
  });

  it('are so many at once and no more, and of a long line only the beginning is said again', () => {
    const line = '10.0.0.1,10.0.0.2,443,6\n';
    expect(uploadedLines(line.repeat(MOST_LINES))?.received).toBe(MOST_LINES);
    expect(uploadedLines(line.repeat(MOST_LINES + 1))).toBeNull();
    expect(uploadedLines('x'.repeat(100_000))?.failed[0]?.length).toBeLessThan(300);
    expect(uploadedLines('')).toMatchObject({ received: 0, failed: [] });
  });
});
